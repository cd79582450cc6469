"""A managed child process: it dies with its parent, and says why it did not start."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ops.local_cluster.ports import free_port
from ops.local_cluster.process import ManagedProcess, ProcessError
from tests.support.eventually import eventually

SLEEPER = [sys.executable, "-c", "print('up', flush=True); import time; time.sleep(600)"]


def managed(command: list[str], tmp_path: Path) -> ManagedProcess:
    return ManagedProcess("child", command, log_file=tmp_path / "logs" / "child.log")


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def test_runs_until_it_is_stopped(tmp_path: Path) -> None:
    child = managed(SLEEPER, tmp_path)
    await child.start()
    await child.wait_ready(lambda: "up" in child.log_tail(), deadline_s=10)
    first = child.pid
    await child.start()
    assert child.pid == first
    assert await child.stop() == -signal.SIGTERM
    assert await child.stop() == -signal.SIGTERM
    assert not child.running


async def test_a_process_that_dies_while_starting_is_reported_at_once_with_its_log(tmp_path: Path) -> None:
    child = managed([sys.executable, "-c", "raise SystemExit('the disk is full')"], tmp_path)
    await child.start()
    with pytest.raises(ProcessError, match=r"died while starting \(exit code 1\).*\n?.*the disk is full"):
        await child.wait_ready(lambda: False, deadline_s=60)


async def test_a_process_that_never_gets_ready_is_reported(tmp_path: Path) -> None:
    child = managed(SLEEPER, tmp_path)
    await child.start()
    with pytest.raises(ProcessError, match=r"not ready within 0\.1 s"):
        await child.wait_ready(lambda: False, deadline_s=0.1)
    await child.kill9()


async def test_a_missing_program_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match="no program no-such-program"):
        await managed(["no-such-program"], tmp_path).start()


async def test_a_process_deaf_to_sigterm_is_killed_after_its_grace(tmp_path: Path) -> None:
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    child = managed([sys.executable, "-c", deaf], tmp_path)
    await child.start()
    await child.wait_ready(lambda: "up" in child.log_tail(), deadline_s=10)
    assert await child.stop(grace_s=0.05) == -signal.SIGKILL


async def test_a_paused_process_still_stops_politely(tmp_path: Path) -> None:
    child = managed(SLEEPER, tmp_path)
    await child.start()
    await child.wait_ready(lambda: "up" in child.log_tail(), deadline_s=10)
    child.pause()
    assert await child.stop() == -signal.SIGTERM


async def test_restart_after_a_crash_is_another_process_with_the_same_log(tmp_path: Path) -> None:
    child = managed(SLEEPER, tmp_path)
    await child.start()
    await child.wait_ready(lambda: "up" in child.log_tail(), deadline_s=10)
    first = child.pid
    assert await child.kill9() == -signal.SIGKILL
    await child.restart()
    await child.wait_ready(lambda: child.log_tail().count("up") == 2, deadline_s=10)
    assert child.pid != first
    await child.kill9()


async def test_it_has_a_session_of_its_own(tmp_path: Path) -> None:
    child = managed(SLEEPER, tmp_path)
    await child.start()
    assert child.pid is not None
    assert os.getsid(child.pid) == child.pid
    await child.kill9()


async def test_it_dies_with_its_parent_even_on_kill_9(tmp_path: Path) -> None:
    parent_code = f"""
import asyncio, pathlib
from ops.local_cluster.process import ManagedProcess
async def main():
    child = ManagedProcess("child", ["sleep", "600"], log_file=pathlib.Path({str(tmp_path)!r}) / "c.log")
    await child.start()
    print(child.pid, flush=True)
    await child.wait()
asyncio.run(main())
"""
    parent = subprocess.Popen(  # noqa: ASYNC220 - the test kills it itself
        [sys.executable, "-c", parent_code], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child_pid = int(await asyncio.to_thread(parent.stdout.readline))
    assert alive(child_pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    await eventually(lambda: not alive(child_pid), what="the child of a killed parent is gone")


def test_ports_are_free_low_and_never_repeated() -> None:
    ports = [free_port() for _ in range(200)]
    assert len(set(ports)) == len(ports)
    assert max(ports) < 32_768
