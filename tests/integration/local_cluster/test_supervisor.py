"""Whatever dies is started again, ever more slowly, and each death is one line."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ops.client.backoff import Backoff
from ops.local_cluster.process import ManagedProcess
from ops.local_cluster.supervisor import State, Supervisor
from tests.support.eventually import eventually


class Sleeper:
    """A part that starts at once, or, with ``fails``, dies so many times before it does."""

    def __init__(self, folder: Path, *, fails: int = 0) -> None:
        script = (
            f"f={folder}/n; n=$(cat $f 2>/dev/null || echo 0); echo $((n+1)) >$f; [ $n -ge {fails} ] && exec sleep 60"
        )
        self.process = ManagedProcess("sleeper", ["sh", "-c", script], log_file=folder / "log")
        self.starts = 0

    async def start(self) -> None:
        self.starts += 1
        await self.process.start()

    async def stop(self) -> None:
        await self.process.stop()


async def test_a_killed_part_is_started_again(tmp_path: Path) -> None:
    part, lines = Sleeper(tmp_path), list[str]()
    supervisor = Supervisor({"sleeper": part}, lines.append)
    await part.start()
    supervisor.ready("sleeper")
    watching = asyncio.create_task(supervisor.run())
    try:
        first = part.process.pid
        await part.process.kill9()
        await eventually(lambda: part.process.running and part.process.pid != first, what="another process")
        assert len(lines) == 1
        assert lines[0].startswith("sleeper died (SIGKILL); starting it again in 0.")
        await eventually(lambda: supervisor.status["sleeper"].state is State.UP)
        assert supervisor.status["sleeper"].restarts == 1
    finally:
        watching.cancel()
        await part.stop()


async def test_a_part_that_dies_again_and_again_is_not_given_up(tmp_path: Path) -> None:
    part, lines = Sleeper(tmp_path, fails=2), list[str]()
    supervisor = Supervisor({"sleeper": part}, lines.append)
    await part.start()
    watching = asyncio.create_task(supervisor.run())
    try:
        await eventually(lambda: part.starts == 3 and len(lines) == 2, what="a third start")
        assert all("exit code 1" in line for line in lines)
    finally:
        watching.cancel()
        await part.stop()


def test_waits_double_up_to_the_longest_and_are_spread() -> None:
    backoff = Backoff(first_s=1.0, longest_s=4.0)
    for longest in (1.0, 2.0, 4.0, 4.0):
        assert longest / 2 <= backoff.next_s() <= longest
    backoff.reset()
    assert backoff.next_s() <= 1.0


@pytest.mark.parametrize("code", [0, 3])
async def test_a_part_that_ends_by_itself_is_started_again_too(tmp_path: Path, code: int) -> None:
    part, lines = Sleeper(tmp_path), list[str]()
    part.process = ManagedProcess("short", ["sh", "-c", f"exit {code}"], log_file=tmp_path / "log")
    watching = asyncio.create_task(Supervisor({"short": part}, lines.append).run())
    await part.start()
    try:
        await eventually(lambda: lines)
        assert f"exit code {code}" in lines[0]
    finally:
        watching.cancel()
        await part.stop()
