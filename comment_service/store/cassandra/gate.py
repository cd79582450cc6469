"""How much may be asked of Cassandra at a time."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

from comment_service.store.errors import StoreOverloaded


class Gate:
    """Counts what waits, and lets at most ``width`` requests out at a time, first come first served.

    ``what``: for the message, e.g. ``writes``. A request that has waited for ``patience_s`` is told so instead.
    """

    def __init__(self, what: str, *, width: int, max_waiting: int, patience_s: float) -> None:
        self.waiting = 0
        self.under_way = 0
        self._what = what
        self._width = width
        self._max_waiting = max_waiting
        self._patience_s = patience_s
        self._queue: deque[tuple[float, Callable[[], None], Callable[[], None]]] = deque()
        self._emptied = asyncio.Event()
        self._emptied.set()

    def admit(self) -> None:
        """Counts one more that waits until ``release``. Raises ``StoreOverloaded`` over the bound."""
        if self.waiting >= self._max_waiting:
            raise StoreOverloaded(f"{self.waiting} {self._what} are waiting for the store")
        self.waiting += 1
        self._emptied.clear()

    def release(self) -> None:
        """What was admitted has ended."""
        self.waiting -= 1
        if not self.waiting:
            self._emptied.set()

    async def emptied(self) -> None:
        """Waits until nothing waits."""
        await self._emptied.wait()

    def enter(self, begin: Callable[[], None], too_late: Callable[[], None]) -> None:
        """Calls ``begin``, now or once there is room (then ``leave`` is due), or ``too_late``."""
        if self.under_way < self._width:
            self.under_way += 1
            begin()
        else:
            self._queue.append((time.monotonic() + self._patience_s, begin, too_late))

    def leave(self) -> None:
        """A request has ended: the next one's turn."""
        self.under_way -= 1
        while self._queue and self.under_way < self._width:
            deadline, begin, too_late = self._queue.popleft()
            if time.monotonic() > deadline:
                too_late()
            else:
                self.under_way += 1
                begin()
