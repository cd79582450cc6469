"""The process from outside: killed in the middle of posts, ended by SIGTERM, started wrongly."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from pathlib import Path

from ops.local_cluster.ports import free_port
from ops.local_cluster.process import ManagedProcess
from ops.local_cluster.zookeeper import ZooKeeperServer
from tests.integration.comment_service.edges import SECRET, TOKEN, VIDEO, Http
from tests.support.eventually import eventually

PREFIX = "LIVECOMMENTS_COMMENT_SERVICE_"


class Service:
    """One comment service process, on ports of its own."""

    def __init__(self, zookeeper: ZooKeeperServer, dc: str, folder: Path, **env: str) -> None:
        self.http = Http(free_port())
        self._admin = Http(free_port())
        self.database = folder / "comments.sqlite3"
        settings = {
            "LIVECOMMENTS_ZOOKEEPER": zookeeper.hosts,
            "LIVECOMMENTS_DC": dc,
            "LIVECOMMENTS_DATA": str(folder),
            PREFIX + "HTTP_PORT": str(self.http.port),
            PREFIX + "ADMIN_PORT": str(self._admin.port),
            PREFIX + "JWT_SECRET": SECRET,
        }
        self.process = ManagedProcess(
            "comment-service",
            [sys.executable, "-m", "comment_service"],
            log_file=folder / "comment-service.log",
            env=settings | env,
        )

    async def start(self) -> None:
        await self.process.start()
        await self.process.wait_ready(self._is_ready, deadline_s=30)

    async def _is_ready(self) -> bool:
        try:
            return (await self._admin.get("/readyz")).status == 200
        except OSError:
            return False

    def close(self) -> None:
        self.http.close()
        self._admin.close()


async def test_what_was_acknowledged_survives_kill_9(zookeeper: ZooKeeperServer, dc: str, tmp_path: Path) -> None:
    service = Service(zookeeper, dc, tmp_path)
    await service.start()
    acknowledged: list[str] = []

    async def post_until_it_breaks(author: int) -> None:
        n = 0
        while True:
            answer = await service.http.post(f"/comments/{VIDEO}", {"content": f"{author}: {n}"})
            if answer.status != 201:
                return
            acknowledged.append(answer.json["commentId"])
            n += 1

    posting = [asyncio.create_task(post_until_it_breaks(author)) for author in range(8)]
    await eventually(lambda: len(acknowledged) > 200, timeout_s=30)
    await service.process.kill9()
    await asyncio.gather(*posting, return_exceptions=True)
    known = set(acknowledged)
    await service.start()
    comment = await service.http.comment("after")
    assert int(comment["commentId"]) > max(map(int, known)), "ids go on after those from before"
    with sqlite3.connect(service.database) as database:
        stored = {str(comment_id) for (comment_id,) in database.execute("SELECT comment_id FROM comments")}
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert known - stored == set()
    assert len(stored - known) <= 8 + 1, "besides these only what was in flight"
    await service.process.stop()
    service.close()


async def test_sigterm_drains_and_exits_0_and_no_token_is_in_the_log(
    zookeeper: ZooKeeperServer, dc: str, tmp_path: Path
) -> None:
    service = Service(zookeeper, dc, tmp_path, LIVECOMMENTS_LOG_LEVEL="debug")
    await service.start()
    for n in range(20):
        await service.http.comment(f"comment {n}")
    await service.http.post(f"/comments/{VIDEO}", {}, Authorization=f"Bearer {TOKEN}x")
    assert await service.process.stop() == 0, service.process.log_tail()
    log = service.process.log_file.read_text()
    assert "stopped" in log
    assert TOKEN not in log
    assert SECRET not in log
    assert "Traceback" not in log
    service.close()


async def test_a_start_that_cannot_be_is_one_line_and_exit_1(
    zookeeper: ZooKeeperServer, dc: str, tmp_path: Path
) -> None:
    for env, says in (
        ({PREFIX + "JWT_SECRET": "short"}, "32 bytes"),
        ({PREFIX + "STORE": "mysql"}, PREFIX + "STORE (--comment-service-store)"),
    ):
        folder = tmp_path / says.split()[0]
        service = Service(zookeeper, dc, folder, **env)
        await service.process.start()
        assert await service.process.wait() == 1
        (line,) = [line for line in service.process.log_tail().splitlines() if not line.startswith("{")]
        assert line.startswith("error: ")
        assert says in line
        service.close()
