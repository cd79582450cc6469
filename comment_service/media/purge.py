"""Images that no comment shows go: at once when their comment is deleted, later when none ever used them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from enum import StrEnum

import structlog

from comment_service.media.files import MediaFiles
from comment_service.media.metrics import MediaMetrics
from comment_service.store import Store, StoreError
from coordination.ids import clock_ms
from service_kit.tasks import end_tasks


class PurgeCause(StrEnum):
    """Why an image is removed."""

    COMMENT_DELETED = "comment_deleted"
    NEVER_USED = "never_used"


class Purger:
    """First the image becomes unknown, then its bytes go: whatever fails between is done by a sweep, of any service."""

    def __init__(
        self, store: Store, files: MediaFiles, metrics: MediaMetrics, *, clock_ms: Callable[[], int] = clock_ms
    ) -> None:
        self._store = store
        self._files = files
        self._metrics = metrics
        self._clock_ms = clock_ms

    async def purge(self, media_id: str, cause: PurgeCause, *, uploaded_until_ms: int) -> bool:
        """Removes the image unless it is used, held, or uploaded since then. Never raises; False: it is still there."""
        condemned_at_ms = self._clock_ms()
        try:
            if not await self._store.media.condemn(
                media_id, uploaded_until_ms=uploaded_until_ms, now_ms=condemned_at_ms
            ):
                return False
            await self._files.delete(media_id)
            await self._store.media.forget(media_id, condemned_at_ms)
        except StoreError as error:
            self._metrics.purges_failed.inc()
            structlog.get_logger().warning("media_purge_failed", media_id=media_id, cause=cause, error=str(error))
            return False
        self._metrics.purged.labels(cause).inc()
        return True


class Sweeper:
    """Every ``every_s`` removes what was uploaded ``unused_s`` ago and no comment uses, ``at_once`` images a time.

    One in each service; an image goes by one of them.
    """

    def __init__(
        self,
        store: Store,
        purger: Purger,
        *,
        every_s: float,
        unused_s: float,
        at_once: int = 100,
        clock_ms: Callable[[], int] = clock_ms,
    ) -> None:
        self._store = store
        self._purger = purger
        self._every_s = every_s
        self._unused_ms = int(unused_s * 1000)
        self._at_once = at_once
        self._clock_ms = clock_ms
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="media-sweeper")

    async def aclose(self) -> None:
        task, self._task = self._task, None
        await end_tasks(task)

    async def sweep(self) -> int:
        """One round; how many images went. Raises ``StoreError``."""
        now = self._clock_ms()
        until = now - self._unused_ms
        found = await self._store.media.abandoned(uploaded_until_ms=until, now_ms=now, limit=self._at_once)
        gone = [await self._purger.purge(each, PurgeCause.NEVER_USED, uploaded_until_ms=until) for each in found]
        return sum(gone)

    async def _run(self) -> None:
        while True:
            # Apart from each other: services that started together need not sweep together.
            await asyncio.sleep(self._every_s * random.uniform(0.5, 1.5))  # noqa: S311
            try:
                await self.sweep()
            except StoreError as error:
                structlog.get_logger().warning("media_sweep_failed", error=str(error))
