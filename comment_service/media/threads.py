"""A few threads for what would block the loop: files, and a client library that knows no asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from comment_service.store import StoreOverloaded, StoreUnavailable

T = TypeVar("T")


class Threads:
    """At most ``max_waiting`` calls are under way; ``waiting`` says how many."""

    def __init__(self, name: str, *, threads: int, max_waiting: int) -> None:
        self.waiting = 0
        self._max_waiting = max_waiting
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)

    async def run(self, call: Callable[[], T]) -> T:
        """What ``call`` returns or raises; it runs to its end also where nobody waits for it any more.

        Raises ``StoreOverloaded`` and, once closed, ``StoreUnavailable``.
        """
        if self.waiting >= self._max_waiting:
            raise StoreOverloaded(f"{self.waiting} calls are waiting for the files")
        try:
            future = asyncio.get_running_loop().run_in_executor(self._pool, call)
        except RuntimeError as error:
            raise StoreUnavailable("the files are closed") from error
        self.waiting += 1
        future.add_done_callback(self._done)
        return await asyncio.shield(future)

    async def aclose(self) -> None:
        """Ends the threads after what they are doing."""
        await asyncio.to_thread(self._pool.shutdown)

    def _done(self, future: asyncio.Future[T]) -> None:
        self.waiting -= 1
        if not future.cancelled():
            future.exception()  # seen, also where nobody waits any more
