"""What a channel opens with: the newest comments, from the comment services."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import structlog

from rms.comment_services import HistoryUnavailableError
from rms.feed import MAX_LATE, Feed
from rms.history import MAX_PAGE, History
from rms.metrics import ServiceMetrics
from rms.reaction_totals import TotalsChange
from rms.reasons import HistoryReason

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0


class Backfill:
    """Opens feeds with their newest ``comments``.

    A feed that has not got them within ``timeout_s`` opens incomplete, so that live comments go on without the store;
    its viewers get the newest of them as soon as the store answers.
    """

    def __init__(
        self,
        history: History,
        metrics: ServiceMetrics,
        *,
        timeout_s: float = 2.0,
        comments: int = MAX_PAGE,
    ) -> None:
        self._history = history
        self._metrics = metrics
        self._timeout_s = timeout_s
        self._comments = comments
        self._tasks: dict[Feed, asyncio.Task[None]] = {}
        self._opening: set[Feed] = set()

    @property
    def opening(self) -> int:
        """Feeds that have not opened yet."""
        return len(self._opening)

    def begin(self, feed: Feed, on_open: Callable[[Feed], Awaitable[None]]) -> None:
        """Starts reading; ``on_open(feed)`` is awaited once the feed has opened, one way or the other."""
        self._opening.add(feed)
        self._metrics.opening_channels.set(self.opening)
        self._tasks[feed] = asyncio.create_task(self._run(feed, on_open), name=f"backfill {feed.video}")

    def forget(self, feed: Feed) -> None:
        """The channel closes."""
        task = self._tasks.pop(feed, None)
        if task is not None:
            task.cancel()
            self._opened(feed)

    async def aclose(self) -> None:
        """Ends all reading."""
        tasks = list(self._tasks.values())
        for feed in list(self._tasks):
            self.forget(feed)
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, feed: Feed, on_open: Callable[[Feed], Awaitable[None]]) -> None:
        try:
            await self._open(feed)
            self._opened(feed)
            await on_open(feed)
            if feed.incomplete:
                await self._complete(feed)
        finally:
            self._tasks.pop(feed, None)

    def _opened(self, feed: Feed) -> None:
        self._opening.discard(feed)
        self._metrics.opening_channels.set(self.opening)

    async def _open(self, feed: Feed) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                page = await self._history.newest(feed.video, self._comments)
        except TimeoutError:
            self._open_incomplete(feed, HistoryReason.TIMEOUT, f"no page within {self._timeout_s} s")
        except HistoryUnavailableError as error:
            self._open_incomplete(feed, error.reason, str(error))
        else:
            feed.channel.know_reactions(page.video_reactions)
            feed.open(page.comments, complete=page.complete, changes=page.changes)

    def _open_incomplete(self, feed: Feed, reason: HistoryReason, detail: str) -> None:
        self._metrics.opened_incomplete.inc()
        structlog.get_logger().warning("opened_incomplete", reason=reason, video=feed.video, detail=detail)
        feed.open_incomplete()

    async def _complete(self, feed: Feed) -> None:
        pause = FIRST_PAUSE_S
        while True:
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  # spreads retries, hides nothing
            pause = min(2 * pause, LONGEST_PAUSE_S)
            try:
                page = await self._history.newest(feed.video, MAX_LATE)
            except HistoryUnavailableError:
                continue
            late = feed.catch_up(page.comments, complete=page.complete, changes=page.changes)
            feed.channel.react(0, TotalsChange(page.video_reactions, {}))
            self._metrics.mended.labels("late_backfill").inc(late)
            return
