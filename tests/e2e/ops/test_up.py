"""``livecomments up`` as its user sees it: it starts, heals, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import stat
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import pytest

from ops.client import ClientError, HttpClient
from ops.local_cluster.cluster_file import ClusterFile
from ops.local_cluster.ports import free_port, is_free
from tests.support.command import run, running
from tests.support.eventually import eventually
from tests.support.processes import Process, descendants
from tests.support.viewers import Viewer

SMALL = ("--rms", "1", "--dispatchers", "1")
TWO_STARTED_S = 60.0


def up(data: Path, port: int) -> tuple[str, ...]:
    return ("up", *SMALL, "--data", str(data), "--port", str(port))


def environment_of(process: Process) -> list[str]:
    return Path(f"/proc/{process.pid}/environ").read_text().split("\0")


async def get(url: str, path: str) -> str:
    async with HttpClient(url) as http:
        return (await http.request("GET", path)).body.decode()


def alive(processes: Iterable[Process]) -> list[Process]:
    return [each for each in processes if each.alive]


def ports_of(data: Path) -> list[int]:
    cluster = ClusterFile.read(data / "cluster.json")
    addresses = [cluster.url, cluster.zookeeper, *cluster.dispatchers.values(), *cluster.nodes.values()]
    return [int(address.rpartition(":")[2]) for address in addresses]


async def is_ready(admin: str) -> bool:
    try:
        async with HttpClient(f"http://{admin}") as http:
            return (await http.request("GET", "/readyz")).status == 200
    except ClientError:
        return False


async def test_it_starts_serves_and_ends_on_ctrl_c(tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    async with running(*up(data, port), env={"LIVECOMMENTS_RMS_MAX_VIEWERS": "1"}) as command:
        assert f"http://127.0.0.1:{port} " in await command.said("livecomments is up")
        processes = descendants(command.pid)
        assert {"zookeeper", "envoy", "xds-1", "rms-1", "dispatcher-1", "comment-service-1"} <= {
            line.split()[1] for line in command.lines if line.startswith("[")
        }

        async with HttpClient(f"http://127.0.0.1:{port}") as http:
            page = await http.request("GET", "/")
        assert page.head.headers["content-type"].startswith("text/html")
        only = await Viewer(f"http://127.0.0.1:{port}", "match-42").open()
        refused = await Viewer(f"http://127.0.0.1:{port}", "match-42").open()
        assert refused.retry_ms == 30_000, "no room for a second viewer, by the environment's setting"

        second = await run(*up(data, free_port()))
        assert second.status == 1
        assert f"(process {command.pid}) already runs on {data}" in second.error

        assert stat.S_IMODE((data / "cluster.json").stat().st_mode) == 0o600
        ports = ports_of(data)
        command.interrupt()
        assert await command.ended() == 0
    assert "Traceback" not in "\n".join(command.lines)
    assert alive(processes) == []
    assert [each for each in ports if not is_free(each)] == []
    only.close()


async def test_a_node_that_dies_is_started_again(tmp_path: Path) -> None:
    async with running(*up(tmp_path, free_port())) as command:
        await command.said("livecomments is up")
        secret = ClusterFile.read(tmp_path / "cluster.json").jwt_secret
        admin = ClusterFile.read(tmp_path / "cluster.json").nodes["rms-1"]
        victim = next(each for each in descendants(command.pid) if each.command[-2:] == ["-m", "rms"])
        os.kill(victim.pid, signal.SIGKILL)
        assert "SIGKILL" in await command.said("rms-1 died")

        await eventually(partial(is_ready, admin), timeout_s=30, what="rms-1 to be back")
        assert len([line for line in command.lines if "died" in line]) == 1

        processes = descendants(command.pid)
        command.process.send_signal(signal.SIGKILL)
        await command.ended()
        await eventually(lambda: not alive(processes), what="the nodes to die with their supervisor")

    async with running(*up(tmp_path, free_port())) as command:
        await command.said("livecomments is up")
        assert ClusterFile.read(tmp_path / "cluster.json").jwt_secret == secret, "tokens outlive the cluster"
        processes = descendants(command.pid)
        command.interrupt()
        command.interrupt()
        await command.ended()
        assert "Traceback" not in "\n".join(command.lines)
        assert alive(processes) == []


async def test_ctrl_c_while_it_starts_leaves_nothing_behind(tmp_path: Path) -> None:
    async with running(*up(tmp_path, free_port())) as command:
        await command.said("zookeeper is up")
        processes = descendants(command.pid)
        command.interrupt()
        assert await command.ended() == 0
    assert alive(processes) == []


async def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", free_port())) as taken:
        port = taken.getsockname()[1]
        finished = await run(*up(tmp_path, port))
    assert finished.status == 1
    assert f"port {port} is taken" in finished.error
    assert "--port" in finished.error


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({"PATH": "/nonexistent"}, "Java"),
        ({"JAVA_HOME": "/nonexistent"}, "Java"),
        ({"LIVECOMMENTS_RMS_MAX_VIEWERS": "many"}, "LIVECOMMENTS_RMS_MAX_VIEWERS"),
    ],
)
async def test_what_is_missing_or_wrong_is_one_clear_line(tmp_path: Path, env: dict[str, str], says: str) -> None:
    finished = await run(*up(tmp_path, free_port()), env=env)
    assert finished.status == 1
    assert says in finished.error


def two_free_ports() -> int:
    """The first of two that follow each other."""
    return next(port for port in iter(free_port, None) if is_free(port + 1))


async def test_two_data_centres_are_one_supervisor_s_and_each_has_a_page(tmp_path: Path) -> None:
    port = two_free_ports()
    pages = [f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}"]
    async with running(*up(tmp_path, port), "--dcs", "2") as command:
        assert f": {' '.join(pages)} (" in await command.said("livecomments is up", timeout_s=TWO_STARTED_S)
        ready = [line.split()[1] for line in command.lines if line.startswith("[")]
        assert len(ready) == len(set(ready)) == 12
        assert {"rms-1", "dc2/rms-1", "dc2/zookeeper", "dc2/envoy"} <= set(ready)
        assert "livecomments</title>" in (await get(pages[1], "/")).lower()

        second = ClusterFile.read(tmp_path / "dc2" / "cluster.json")
        viewer = await Viewer(pages[1], "match-42").open()
        told = await run("routes", "--data", str(tmp_path), "--url", pages[1])
        assert "match-42" in told.stdout, "the second data centre's"
        assert "no RMS serves" in (await run("routes", "--data", str(tmp_path))).stdout, "the first one's"
        posted = await run("post", "match-42", "What a goal", "--url", pages[0], "--data", str(tmp_path))
        assert posted.status == 0, posted.stderr
        await viewer.until_count(1, timeout_s=30)
        viewer.close()

        victim = next(
            each
            for each in descendants(command.pid)
            if each.command[-2:] == ["-m", "rms"] and "LIVECOMMENTS_DC=dc2" in environment_of(each)
        )
        os.kill(victim.pid, signal.SIGKILL)
        await command.said("dc2/rms-1 died")
        await eventually(partial(is_ready, second.nodes["rms-1"]), timeout_s=30, what="dc2/rms-1 to be back")

        processes = descendants(command.pid)
        command.interrupt()
        assert await command.ended() == 0
    assert "Traceback" not in "\n".join(command.lines)
    assert alive(processes) == []


async def test_a_taken_port_of_the_second_data_centre_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", two_free_ports() + 1)) as taken:
        port = taken.getsockname()[1]
        finished = await run(*up(tmp_path, port - 1), "--dcs", "2")
    assert finished.status == 1
    assert f"port {port} is taken" in finished.error
    assert finished.stdout == "", "nothing was started"


async def test_ports_that_there_are_not_are_one_clear_line(tmp_path: Path) -> None:
    finished = await run(*up(tmp_path, 65_535), "--dcs", "2")
    assert finished.status == 1
    assert "--port" in finished.error


async def test_a_data_folder_that_is_none_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    finished = await run(*up(tmp_path / "file" / "data", free_port()))
    assert finished.status == 1
    assert "cannot be used" in finished.error
