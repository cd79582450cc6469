"""The ``livecomments`` command as a user runs it: a process, its output, its exit status."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.eventually import eventually

LIVECOMMENTS = Path(sys.executable).parent / "livecomments"
TIMEOUT_S = 60.0


@dataclass
class Finished:
    """How a command ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def error(self) -> str:
        """Its one line on stderr. Fails where there is not exactly one."""
        lines = self.stderr.splitlines()
        assert len(lines) == 1, self.stderr
        return lines[0]


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("LIVECOMMENTS_")}
    return {**own, "COLUMNS": "120", "NO_COLOR": "1", **(more or {})}


async def run(*arguments: str, env: Mapping[str, str] | None = None) -> Finished:
    """Runs a command to its end."""
    process = await asyncio.create_subprocess_exec(
        LIVECOMMENTS,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=_environment(env),
    )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            stdout, stderr = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return Finished(process.returncode or 0, stdout.decode(), stderr.decode())


class Running:
    """A command that goes on; ``lines`` is what it said so far, on stdout and stderr."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []

    @property
    def pid(self) -> int:
        return self.process.pid

    async def said(self, text: str, *, timeout_s: float = 30.0) -> str:
        """Waits for a line with ``text`` in it."""

        def line() -> str | None:
            assert self.process.returncode is None or any(text in each for each in self.lines), self.lines
            return next((each for each in self.lines if text in each), None)

        found = await eventually(line, timeout_s=timeout_s, what=f"{text!r} to be said")
        assert found is not None
        return found

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    async def ended(self) -> int:
        """Waits for its end and returns its exit status."""
        async with asyncio.timeout(TIMEOUT_S):
            return await self.process.wait()

    async def read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(line.decode().rstrip("\n"))


@asynccontextmanager
async def running(*arguments: str, env: Mapping[str, str] | None = None) -> AsyncIterator[Running]:
    """Runs a command that goes on, and kills it at the end of the ``with`` where it still runs."""
    process = await asyncio.create_subprocess_exec(
        LIVECOMMENTS,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=_environment(env),
    )
    command = Running(process)
    reading = asyncio.create_task(command.read())
    try:
        yield command
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reading
