"""What was read a moment ago, kept for a while: each post asks for it, and hardly anything of it ever changes."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from comment_service.outcome import outcome_of

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(slots=True)
class _Entry(Generic[V]):
    reading: asyncio.Task[V]
    until: float = float("inf")  # while it is being read


class ReadCache(Generic[K, V]):
    """At most ``max_entries`` of it, ``life_s`` each; however many ask at once, ``read`` is called once a key.

    A failure is given to all who wait for it and not remembered.
    """

    def __init__(
        self,
        read: Callable[[K], Awaitable[V]],
        *,
        life_s: float,
        max_entries: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._life_s = life_s
        self._max_entries = max_entries
        self._clock = clock
        self._entries: OrderedDict[K, _Entry[V]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    async def get(self, key: K) -> V:
        """Raises what ``read`` raises."""
        entry = self._entries.get(key)
        if entry is None or entry.until <= self._clock():
            entry = self._begin(key)
        if entry.reading.done():
            return entry.reading.result()
        return await outcome_of(entry.reading)

    def forget(self, key: K) -> None:
        """What comes next is read anew, whatever is being read now."""
        self._entries.pop(key, None)

    def clear(self) -> None:
        """The same of everything."""
        self._entries.clear()

    def _begin(self, key: K) -> _Entry[V]:
        began = self._clock()

        async def read() -> V:
            try:
                value = await self._read(key)
            except BaseException:
                if self._entries.get(key) is entry:
                    del self._entries[key]
                raise
            entry.until = began + self._life_s
            return value

        entry = _Entry(asyncio.ensure_future(read()))
        self._entries[key] = entry
        self._entries.move_to_end(key)
        if len(self._entries) > self._max_entries:
            self._entries.popitem(last=False)
        return entry
