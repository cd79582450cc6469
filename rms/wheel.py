"""A timing wheel: many coarse timers for the price of one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

Due = Callable[[], float | None]
"""Called when due; returns the seconds until it wants to be called again, None when never."""


class Wheel:
    """Calls what is due, at most one slot late.

    There is no cancelling and no postponing: a callback looks for itself whether anything is to be done, and says
    when to look again. So what happens all the time (a flush puts off the heartbeat) costs nothing here.
    """

    def __init__(self, *, slot_s: float = 0.5, slots: int = 64) -> None:
        self._slot_s = slot_s
        self._slots: list[list[Due]] = [[] for _ in range(slots)]
        self._now = 0
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """Callbacks that wait."""
        return sum(map(len, self._slots))

    def add(self, delay_s: float, due: Due) -> None:
        """Calls ``due`` after ``delay_s``; sooner, to look again, where that is more than a turn of the wheel."""
        ahead = int(delay_s / self._slot_s) + 1
        self._slots[(self._now + min(ahead, len(self._slots) - 1)) % len(self._slots)].append(due)

    def advance(self) -> None:
        """One slot's time has passed."""
        self._now += 1
        slot = self._slots[self._now % len(self._slots)]
        while slot:  # one that fails is dropped and puts the others off by a turn, no more
            due = slot.pop()
            again = due()
            if again is not None:
                self.add(again, due)

    async def start(self) -> None:
        """Turns by the running loop's clock. Idempotent."""
        if self._timer is None:
            self._arm(asyncio.get_running_loop(), asyncio.get_running_loop().time())

    async def aclose(self) -> None:
        """Stands still. Idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, loop: asyncio.AbstractEventLoop, now: float) -> None:
        def turn() -> None:
            self._arm(loop, due)
            self.advance()

        due = now + self._slot_s
        self._timer = loop.call_at(due, turn)
