"""The flush scheduler of a process: which channel sends next, and how much of its time the node spends sending."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

SHORTEST_REST_S: Final = 0.001
"""Rests below this are saved up: the loop's timers are no finer, and at low load a comment must go at once."""


class Sliced(Protocol):
    """Work that is done in slices of a millisecond or so."""

    def step(self) -> bool:
        """Does one slice; True while there is more."""


class Timers(Protocol):
    """The part of an asyncio loop that the pump needs."""

    def time(self) -> float: ...

    def call_soon(self, callback: Callable[[], None], /) -> asyncio.Handle: ...

    def call_later(self, delay: float, callback: Callable[[], None], /) -> asyncio.Handle: ...


class Pump:
    """Gives every piece of work that is scheduled one slice in turn, so that one hot video starves no quiet one.

    After ``tick_s`` of slices it yields to the loop. A tick that took t seconds is followed by a rest, so that
    sending never takes more than ``share`` of the time; what is published meanwhile gathers for the next flush. So
    the interval between flushes stretches by itself with what a flush costs, and at low load there is none.
    """

    def __init__(self, *, share: float = 0.7, tick_s: float = 0.005, loop: Timers | None = None) -> None:
        self._share = share
        self._tick_s = tick_s
        self._loop = loop
        self._queue: deque[Sliced] = deque()
        self._queued: set[Sliced] = set()
        self._paid_until = 0.0
        self._handle: asyncio.Handle | None = None
        self._closed = False

    def __len__(self) -> int:
        """Pieces of work that wait for their turn."""
        return len(self._queue)

    def schedule(self, work: Sliced) -> None:
        """Has ``work.step`` called until it returns False, beginning in the loop's next turn. Idempotent."""
        if self._closed or work in self._queued:
            return
        self._queued.add(work)
        self._queue.append(work)
        if self._handle is None:
            self._arm(self._timers().time())

    def charge(self, seconds: float) -> None:
        """Counts sending that was done elsewhere (laggards catching up) against the share."""
        self._paid_until = max(self._paid_until, self._timers().time() - seconds) + seconds / self._share

    def close(self) -> None:
        """Drops what is scheduled, and takes no more. Idempotent."""
        self._closed = True
        self._queue.clear()
        self._queued.clear()
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _timers(self) -> Timers:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        return self._loop

    def _arm(self, now: float) -> None:
        rest = self._paid_until - now
        if rest < SHORTEST_REST_S:
            self._handle = self._timers().call_soon(self._tick)
        else:
            self._handle = self._timers().call_later(rest, self._tick)

    def _tick(self) -> None:
        time = self._timers().time
        began = now = time()
        try:
            while self._queue and now - began < self._tick_s:
                self._one_slice()
                now = time()
        finally:  # one channel's failure must not stop the others
            self._paid_until = max(self._paid_until, began) + (now - began) / self._share
            self._handle = None
            if self._queue:
                self._arm(now)

    def _one_slice(self) -> None:
        work = self._queue.popleft()
        self._queued.discard(work)
        if work.step() and not self._closed and work not in self._queued:
            self._queued.add(work)
            self._queue.append(work)
