"""``python -m lb.envoy`` as an operator runs it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tornado.httpclient import AsyncHTTPClient

from ops.local_cluster.ports import free_port
from ops.local_cluster.process import ManagedProcess
from ops.local_cluster.zookeeper import ZooKeeperServer

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
async def xds(zookeeper: ZooKeeperServer, dc: str, tmp_path: Path) -> AsyncIterator[tuple[ManagedProcess, int]]:
    """The process, not started yet, and its admin port."""
    admin_port = free_port()
    env = {
        "PYTHONPATH": f"{ROOT}:{ROOT / 'proto'}",
        "LIVECOMMENTS_ZOOKEEPER": zookeeper.hosts,
        "LIVECOMMENTS_DC": dc,
        "LIVECOMMENTS_XDS_PORT": str(free_port()),
        "LIVECOMMENTS_XDS_ADMIN_PORT": str(admin_port),
    }
    process = ManagedProcess("xds", [sys.executable, "-m", "lb.envoy"], log_file=tmp_path / "xds.log", env=env)
    yield process, admin_port
    await process.kill9()


async def get(port: int, path: str) -> tuple[int, str]:
    """Status and body; 0 where nobody listens."""
    try:
        answer = await AsyncHTTPClient().fetch(f"http://127.0.0.1:{port}{path}", raise_error=False)
    except ConnectionError:
        return 0, ""
    return answer.code, (answer.body or b"").decode()


async def test_it_gets_ready_says_what_it_does_and_ends_on_sigterm(xds: tuple[ManagedProcess, int]) -> None:
    process, port = xds
    await process.start()

    async def is_ready() -> bool:
        return (await get(port, "/readyz"))[0] == 200

    await process.wait_ready(is_ready, deadline_s=20)
    assert (await get(port, "/healthz"))[0] == 200
    _, metrics = await get(port, "/metrics")
    for line in ('livecomments_xds_endpoints{cluster="rms"} 0.0', "livecomments_xds_nacks_total 0.0"):
        assert line in metrics
    assert await process.stop() == 0, process.log_tail()


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("LIVECOMMENTS_ZOOKEEPER", "127.0.0.1:1", "127.0.0.1:1"),
        ("LIVECOMMENTS_XDS_PORT", "many", "LIVECOMMENTS_XDS_PORT (--xds-port)"),
    ],
)
async def test_what_keeps_it_from_starting_is_one_line(
    variable: str, value: str, words: str, xds: tuple[ManagedProcess, int], tmp_path: Path
) -> None:
    process, _ = xds
    env = {"PYTHONPATH": ".:proto", variable: value}
    broken = ManagedProcess("xds", process.command, log_file=tmp_path / "broken.log", env=env, cwd=ROOT)
    await broken.start()
    try:
        async with asyncio.timeout(40):
            assert await broken.wait() == 1
        errors = [line for line in broken.log_tail().splitlines() if line.startswith("error: ")]
        assert len(errors) == 1
        assert words in errors[0]
        assert "Traceback" not in broken.log_tail()
    finally:
        await broken.kill9()
