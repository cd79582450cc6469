"""A clock and a loop's timers that only the test moves."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from itertools import count
from typing import cast


class FakeTime:
    """Stands in for ``time.monotonic`` (call it) and for a loop's timers (pass it)."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._order = count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []

    def __call__(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    def call_soon(self, callback: Callable[[], None], /) -> asyncio.Handle:
        return self.call_later(0.0, callback)

    def call_later(self, delay: float, callback: Callable[[], None], /) -> asyncio.Handle:
        entry = (self.now + delay, next(self._order), callback)
        heapq.heappush(self._due, entry)
        return cast("asyncio.Handle", _Handle(lambda: self._due.remove(entry)))

    @property
    def next_due_in(self) -> float | None:
        """Seconds until the next callback; None when there is none."""
        return max(0.0, self._due[0][0] - self.now) if self._due else None

    def run_next(self) -> None:
        """Moves to the next callback's time, no further back than now, and runs it."""
        due, _, callback = heapq.heappop(self._due)
        self.now = max(self.now, due)
        callback()

    def run_until(self, end: float) -> None:
        while self._due and self._due[0][0] <= end:
            self.run_next()
        self.now = max(self.now, end)


class _Handle:
    def __init__(self, cancel: Callable[[], None]) -> None:
        self.cancel = cancel
