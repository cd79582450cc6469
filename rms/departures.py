"""Looks for what a comment service stored and did not live to publish: no event and no head tells of that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING

import structlog

from coordination.ids import clock_ms, first_id_at_ms
from rms.feed import Feed
from rms.repair import Repairs
from service_kit.tasks import end_tasks

if TYPE_CHECKING:
    from coordination.membership import MembershipView, NodeRecord


class Departures:
    """When a life of a comment service is over, has every open feed compared with the store, ``at_once`` at a time.

    ``view`` is the membership of the comment services; ``feeds()`` gives the open feeds, the busiest first. A death is
    noticed up to a session timeout late, so the store is asked for what came within ``lookback_s`` before that. Where
    no comment service is left, the question waits for the next one. ``clock_ms``: milliseconds since 1970.
    """

    def __init__(
        self,
        view: MembershipView,
        repairs: Repairs,
        *,
        feeds: Callable[[], Iterable[Feed]],
        lookback_s: float,
        at_once: int = 100,
        clock_ms: Callable[[], int] = clock_ms,
    ) -> None:
        self._view = view
        self._repairs = repairs
        self._feeds = feeds
        self._lookback_ms = int(lookback_s * 1000)
        self._at_once = at_once
        self._clock_ms = clock_ms
        self._boots: set[str] = set()
        self._since: int | None = None
        self._changed = asyncio.Event()
        self._unsubscribe: Callable[[], None] | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to watch; ``view`` has been started. Idempotent."""
        if self._task is None:
            self._boots = {record.boot_id for record in self._view.nodes.values()}
            self._unsubscribe = self._view.on_change(self._on_change)
            self._task = asyncio.create_task(self._run(), name="departures")

    async def aclose(self) -> None:
        """Stops. Idempotent."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        task, self._task = self._task, None
        await end_tasks(task)

    def _on_change(self, nodes: Mapping[str, NodeRecord]) -> None:
        boots = {record.boot_id for record in nodes.values()}
        if self._boots - boots:
            since = first_id_at_ms(self._clock_ms() - self._lookback_ms)
            self._since = since if self._since is None else min(self._since, since)
        self._boots = boots
        self._changed.set()

    async def _run(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._since is not None and self._boots:
                since, self._since = self._since, None
                await self._compare(since)

    async def _compare(self, since: int) -> None:
        feeds = iter(list(self._feeds()))
        compared = 0
        while batch := list(islice(feeds, self._at_once)):
            for feed in batch:
                feed.doubt(since)
            await self._repairs.ended(batch)
            compared += len(batch)
        structlog.get_logger().info("compared_with_store", reason="comment_service_gone", videos=compared)
