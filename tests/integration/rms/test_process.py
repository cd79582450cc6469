"""``python -m rms`` as an operator meets it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from ops.local_cluster.ports import free_port
from ops.local_cluster.zookeeper import ZooKeeperServer
from tests.support.eventually import eventually
from tests.support.http1 import exchange
from tests.support.viewers import Viewer

ROOT = Path(__file__).resolve().parents[3]
Run = Callable[..., Awaitable[Process]]


@pytest.fixture
async def run(zookeeper: ZooKeeperServer, dc: str) -> AsyncIterator[Run]:
    """Starts ``python -m rms`` with ``settings`` (LIVECOMMENTS_ names) over the test's own."""
    processes: list[Process] = []

    async def run(**settings: str) -> Process:
        given = {"ZOOKEEPER": zookeeper.hosts, "DC": dc, **settings}
        env = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'proto'}"}
        env |= {f"LIVECOMMENTS_{name}": value for name, value in given.items()}
        # It dies with the tests, even where those are killed.
        command = ("setpriv", "--pdeathsig", "KILL", "--", sys.executable, "-m", "rms")
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=env, stderr=PIPE)
        processes.append(process)
        return process

    yield run
    for process in processes:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_sigterm_sends_viewers_away_and_exits_0(run: Run) -> None:
    http, admin = free_port(), free_port()
    process = await run(RMS_HTTP_PORT=str(http), RMS_ADMIN_PORT=str(admin))

    async def is_ready() -> bool:
        try:
            answer = await exchange(admin, "GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        except ConnectionError:
            return False
        return answer.status == 200

    ready: Callable[[], bool | Awaitable[bool]] = is_ready
    await eventually(ready, timeout_s=30)
    # No comment service is there: the stream opens nevertheless, and is live.
    viewer = await Viewer(f"http://127.0.0.1:{http}", "match-42").open()
    assert viewer.status == 200
    process.send_signal(signal.SIGTERM)
    await eventually(lambda: viewer.closed)
    assert [event.event for event in viewer.events] == ["reconnect"]
    _, log = await asyncio.wait_for(process.communicate(), timeout=20)
    assert process.returncode == 0, log.decode()
    assert b"Traceback" not in log


async def test_a_taken_port_is_one_clear_line(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = await run(RMS_HTTP_PORT=str(port), LOG_LEVEL="error")
        _, log = await asyncio.wait_for(process.communicate(), timeout=30)
    assert process.returncode == 1
    assert log.decode().splitlines() == [f"error: HTTP port 127.0.0.1:{port} cannot be bound: Address already in use"]


async def test_a_setting_out_of_range_is_one_clear_line(run: Run) -> None:
    process = await run(RMS_MAX_VIEWERS="none")
    _, log = await asyncio.wait_for(process.communicate(), timeout=30)
    assert process.returncode == 1
    assert len(log.decode().splitlines()) == 1
    assert "LIVECOMMENTS_RMS_MAX_VIEWERS (--rms-max-viewers)" in log.decode()
