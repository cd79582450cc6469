"""However many want the same, it is read once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from comment_service.outcome import outcome_of

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SingleFlight(Generic[K, V]):
    """Of each key at most one ``read`` is under way that may be joined, and one waits for it.

    Bounded by those who wait. What ``read`` raises is raised to all who wait for it. A caller that goes meanwhile
    ends nothing.
    """

    def __init__(self, read: Callable[[K], Awaitable[V]]) -> None:
        self._read = read
        self._running: dict[K, asyncio.Task[V]] = {}
        self._waiting: dict[K, asyncio.Task[V]] = {}

    def __contains__(self, key: K) -> bool:
        """Whether ``join`` would find a read under way."""
        return key in self._running

    async def join(self, key: K) -> V:
        """What a read gives that may have begun before this call."""
        return await outcome_of(self._running.get(key) or self._begin(key))

    async def fresh(self, key: K) -> V:
        """What a read gives that begins after this call."""
        running = self._running.get(key)
        if running is None:
            return await outcome_of(self._begin(key))
        waiting = self._waiting.get(key)
        if waiting is None:
            waiting = self._waiting[key] = asyncio.ensure_future(self._after(running, key))
        return await outcome_of(waiting)

    def part(self, matches: Callable[[K], bool]) -> None:
        """Whoever comes next joins no read of such a key that is under way now."""
        if self._running:  # which is rare, and this is asked with every post
            for key in [key for key in self._running if matches(key)]:
                del self._running[key]

    def _begin(self, key: K) -> asyncio.Task[V]:
        task = asyncio.ensure_future(_awaited(self._read(key)))
        self._running[key] = task
        task.add_done_callback(lambda ended: self._end(key, ended))
        return task

    async def _after(self, running: asyncio.Task[V], key: K) -> V:
        await asyncio.wait([running])
        # In one step with the beginning: whoever waited until here asked before it.
        del self._waiting[key]
        return await self._begin(key)

    def is_joinable(self, key: K) -> bool:
        """For ``read`` itself: whether it has not been parted from since it began."""
        return self._running.get(key) is asyncio.current_task()

    def _end(self, key: K, ended: asyncio.Task[V]) -> None:
        if self._running.get(key) is ended:
            del self._running[key]
        if not ended.cancelled():
            ended.exception()  # whoever waited has it; where all have gone it is nobody's


async def _awaited(result: Awaitable[V]) -> V:
    return await result
