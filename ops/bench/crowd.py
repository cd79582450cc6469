"""The many viewers of a bench: processes that read all they are sent, and say how much it was."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

VIEWERS_A_PROCESS = 5_000
ASK_AGAIN_S = 0.002
LONGEST_LINE = 4 * 1024 * 1024


class Received(NamedTuple):
    """By all viewers together: how many have been answered, bytes (headers included), marked comments."""

    answered: int
    bytes: int
    marks: int


class Crowd:
    """Viewers of one path of one server. A viewer whose connection is closed ends the bench.

    ``module`` is what their processes run.
    """

    def __init__(self, module: str = "ops.bench._readers", *, viewers_a_process: int = VIEWERS_A_PROCESS) -> None:
        self._module = module
        self._viewers_a_process = viewers_a_process
        self._processes: list[asyncio.subprocess.Process] = []
        self._joined = 0

    async def connect(self, port: int, path: str, count: int, *, options: Sequence[str] = ()) -> None:
        """Starts processes that open ``count`` connections in all; returns while they connect.

        ``options`` are for the module, after its other arguments.
        """
        while count > 0:
            some = min(count, self._viewers_a_process)
            count -= some
            self._processes.append(
                await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", self._module, "127.0.0.1", str(port), path, str(some), *options),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    limit=LONGEST_LINE,
                )
            )

    async def join(self, port: int, path: str, count: int, *, options: Sequence[str] = ()) -> None:
        """As ``connect``, but each process when the viewers of those before it have been answered."""
        while count > 0:
            some = min(count, self._viewers_a_process)
            count -= some
            await self.connect(port, path, some, options=options)
            await _line(self._processes[-1])
            self._joined += some
            await self.have_answers(self._joined)

    async def connected(self) -> None:
        for process in self._processes:
            await _line(process)

    async def received(self) -> Received:
        """So far."""
        total = Received(0, 0, 0)
        for answer in await self.tell("?"):
            total = Received(*(a + int(b) for a, b in zip(total, answer.split(), strict=True)))
        return total

    async def tell(self, word: str) -> list[str]:
        """What each process answers to ``word``."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(f"{word}\n".encode())
        return [await _line(process) for process in self._processes]

    async def late(self) -> Counter[int]:
        """How late stamped comments were, in tenths of milliseconds, and how many so: since this was asked last."""
        late: Counter[int] = Counter()
        for answer in await self.tell("late"):
            late.update({int(at): int(count) for at, count in (each.split(":") for each in answer.split())})
        return late

    async def have_answers(self, count: int) -> None:
        """Waits until so many viewers have been answered."""
        while (await self.received()).answered < count:  # noqa: ASYNC110 - it is another process that reads
            await asyncio.sleep(ASK_AGAIN_S)

    async def have_bytes(self, total: int) -> None:
        """Waits until all have so many bytes together; more of them end the bench."""
        while (got := (await self.received()).bytes) < total:  # noqa: ASYNC110
            await asyncio.sleep(ASK_AGAIN_S)
        if got > total:
            raise SystemExit(f"the viewers were sent {got - total} bytes too many")

    async def have_marks(self, total: int) -> None:
        """Waits until all have so many comments together."""
        while (await self.received()).marks < total:  # noqa: ASYNC110
            await asyncio.sleep(ASK_AGAIN_S)

    async def settled(self) -> Received:
        """What they have once it no longer grows."""
        got: Received | None = None
        while (now := await self.received()) != got:
            got = now
            await asyncio.sleep(0.2)
        return now

    async def aclose(self) -> None:
        for process in self._processes:
            if process.stdin is not None:
                process.stdin.close()
            await process.wait()


async def _line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        raise SystemExit("a process of viewers died")
    return line.decode().strip()
