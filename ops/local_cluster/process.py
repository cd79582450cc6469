"""One child process: started, watched, paused, ended and started again."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from service_kit.errors import StartupError

LOG_LIMIT_BYTES = 16 * 1024 * 1024
POLL_EVERY_S = 0.02


# A parent that dies before setpriv has asked for the signal is never noticed by it; then the child must not begin.
_UNLESS_ORPHANED = ("/bin/sh", "-c", 'test "$PPID" = "$0" && exec "$@"')


class ProcessError(StartupError):
    """A child process could not be started, died while it started, or did not get ready in time."""


class ManagedProcess:
    """A child process that dies with its parent and writes to a log file.

    It has a session of its own, so a Ctrl-C in the terminal reaches only the parent, which decides the order
    in which things end. It is bound to no event loop: whichever loop runs may wait for it. Start it from a
    thread that lives on (the main one): the kernel ties "dies with its parent" to the thread that forked.

    Args:
        name: what messages call it.
        command: the program and its arguments.
        log_file: stdout and stderr are appended here. A start sets one above 16 MiB aside as ``<name>.1``.
        env: environment variables on top of this process's own.
        cwd: working directory, by default this process's own.

    Attributes:
        env: as above; what is changed holds from the next start on.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log_file: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.name = name
        self.command = tuple(command)
        self.log_file = log_file
        self.env = dict(env or {})
        self._cwd = cwd
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Its process id, also after its death; None before the first start."""
        return self._child.pid if self._child else None

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def returncode(self) -> int | None:
        """Exit code, or minus the signal that ended it; None while it runs or was never started."""
        return self._child.poll() if self._child else None

    async def start(self) -> None:
        """Starts it; does nothing while it runs. Raises ``ProcessError`` where the program does not exist."""
        if self.running:
            return
        program = shutil.which(self.command[0])
        if program is None:
            raise ProcessError(f"{self.name}: there is no program {self.command[0]}")
        self._open_log_folder()
        with self.log_file.open("ab") as log:
            # setpriv, not a preexec_fn: Python between fork and exec can hang when there are threads.
            self._child = subprocess.Popen(  # noqa: ASYNC220 - a vfork and exec, about a millisecond
                [
                    "setpriv",
                    "--pdeathsig",
                    "KILL",
                    "--",
                    *_UNLESS_ORPHANED,
                    str(os.getpid()),
                    program,
                    *self.command[1:],
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.env},
                cwd=self._cwd,
                start_new_session=True,
            )

    async def wait(self) -> int:
        """Waits for its end and returns its exit code. Raises ``ProcessError`` when it was never started."""
        if self._child is None:
            raise ProcessError(f"{self.name} was never started")
        while (code := self._child.poll()) is None:
            await _exited(self._child.pid)
        return code

    async def wait_ready(self, condition: Callable[[], bool | Awaitable[bool]], *, deadline_s: float) -> None:
        """Waits until ``condition`` (sync or async) is true.

        Raises ``ProcessError`` with the log's tail: at once when the process dies, else after ``deadline_s``.
        """
        deadline = time.monotonic() + deadline_s
        while True:
            if not self.running:
                raise ProcessError(self._report(f"died while starting (exit code {self.returncode})"))
            outcome = condition()
            if outcome if isinstance(outcome, bool) else await outcome:
                return
            if time.monotonic() > deadline:
                raise ProcessError(self._report(f"was not ready within {deadline_s:g} s"))
            await asyncio.sleep(POLL_EVERY_S)

    async def stop(self, *, grace_s: float = 10.0) -> int | None:
        """Ends it: SIGTERM, and SIGKILL after ``grace_s`` seconds. Returns the exit code; idempotent."""
        if not self.running:
            return self.returncode
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)  # a paused process would not see its SIGTERM
        try:
            async with asyncio.timeout(grace_s):
                return await self.wait()
        except TimeoutError:
            return await self.kill9()

    async def kill9(self) -> int | None:
        """Ends it without a word (SIGKILL), as a crash would, and waits until it is gone."""
        if not self.running:
            return self.returncode
        self._signal(signal.SIGKILL)
        return await self.wait()

    async def restart(self, *, grace_s: float = 10.0) -> None:
        """``stop``, then ``start``."""
        await self.stop(grace_s=grace_s)
        await self.start()

    def pause(self) -> None:
        """Freezes it (SIGSTOP): its sockets stay open, but nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Lets a paused process go on (SIGCONT)."""
        self._signal(signal.SIGCONT)

    def log_tail(self, lines: int = 20) -> str:
        """The last lines of its log, empty when there is none."""
        try:
            with self.log_file.open(errors="replace") as log:
                return "".join(deque(log, maxlen=lines)).rstrip()
        except FileNotFoundError:
            return ""

    def _signal(self, number: signal.Signals) -> None:
        if self._child is not None:
            self._child.send_signal(number)

    def _open_log_folder(self) -> None:
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        if self.log_file.exists() and self.log_file.stat().st_size > LOG_LIMIT_BYTES:
            self.log_file.replace(self.log_file.with_name(self.log_file.name + ".1"))

    def _report(self, what: str) -> str:
        tail = self.log_tail()
        return f"{self.name} {what}; {self.log_file} ends:\n{tail}" if tail else f"{self.name} {what}"


async def _exited(pid: int) -> None:
    """Returns once the process has exited. The caller has not reaped it yet, so its id is still its own."""
    loop = asyncio.get_running_loop()
    exited = asyncio.Event()
    pidfd = os.pidfd_open(pid)
    try:
        loop.add_reader(pidfd, exited.set)
        await exited.wait()
    finally:
        loop.remove_reader(pidfd)
        os.close(pidfd)
