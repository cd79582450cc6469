"""Keeping a picture of ZooKeeper fresh: keys are marked dirty, and each is refreshed soon after."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Generic, TypeVar

import structlog

from coordination.errors import CoordinationError, NotConnectedError

K = TypeVar("K")

RETRY_S = 0.5


class Refresher(Generic[K]):
    """Runs ``refresh(key)`` for each dirty key: coalesced, at most ``window`` at once, again after a failure.

    A key that is marked while it is refreshed is refreshed once more, so nothing is missed.

    Args:
        refresh: brings one key's picture up to date. Raises ``CoordinationError``.
        connected: waits until there is a session; nothing is tried without one.
        coalesce_s: how long the first dirty key waits for others.
        window: refreshes at once.
    """

    def __init__(
        self,
        refresh: Callable[[K], Awaitable[None]],
        connected: Callable[[], Awaitable[None]],
        *,
        coalesce_s: float = 0.0,
        window: int = 1,
    ) -> None:
        self.errors = 0
        self._refresh = refresh
        self._connected = connected
        self._coalesce_s = coalesce_s
        self._window = window
        self._dirty: dict[K, None] = {}
        self._failed: set[K] = set()
        self._running = 0
        self._work = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None
        self._log = structlog.get_logger().bind(component="zookeeper")

    def start(self) -> None:
        """Begins to refresh, in the background. Idempotent."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def aclose(self) -> None:
        """Stops. Idempotent."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def mark(self, keys: Iterable[K]) -> None:
        """These keys are to be refreshed."""
        self._dirty.update(dict.fromkeys(keys))
        if self._dirty:
            self._idle.clear()
            self._work.set()

    @property
    def pending(self) -> int:
        """Keys whose picture may be out of date."""
        return len(self._dirty) + self._running + len(self._failed)

    async def idle(self) -> None:
        """Waits until nothing is dirty."""
        await self._idle.wait()

    async def _run(self) -> None:
        while True:
            await self._work.wait()
            await self._connected()
            if self._coalesce_s:
                await asyncio.sleep(self._coalesce_s)
            batch = list(self._dirty)
            self._dirty.clear()
            self._work.clear()
            self._running = len(batch)
            for first in range(0, len(batch), self._window):
                await asyncio.gather(*map(self._refresh_one, batch[first : first + self._window]))
            self._running = 0
            if not self._dirty and not self._failed:
                self._idle.set()

    async def _refresh_one(self, key: K) -> None:
        try:
            await self._refresh(key)
        except NotConnectedError:
            self._retry(key)
        except CoordinationError as error:
            self._log.warning("refresh_again", key=str(key), error=str(error), after_s=RETRY_S)
            self._retry(key)
        except Exception:  # a bug met with one key must not end the refreshing of all others
            self._log.exception("refresh_failed", key=str(key))
            self._retry(key)

    def _retry(self, key: K) -> None:
        self.errors += 1
        self._failed.add(key)
        asyncio.get_running_loop().call_later(RETRY_S, self._mark_failed)

    def _mark_failed(self) -> None:
        failed, self._failed = self._failed, set()
        self.mark(failed)
