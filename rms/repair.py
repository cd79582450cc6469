"""Mends the holes of channels from the comment services, a few at once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable

import structlog

from rms.comment_services import HistoryUnavailableError
from rms.feed import Feed
from rms.history import History
from rms.hole import Hole
from rms.metrics import ServiceMetrics
from rms.reasons import HoldReason, RepairOutcome, ResyncReason
from rms.slack import with_slack

LONGEST_PAUSE_S = 5.0


class Repairs:
    """Answers a feed's ``on_hole``: reads what followed the hole, publishes what the channel has not had, lets go on.

    ``concurrent`` channels read at once; the others wait their turn. What a feed holds goes on after ``hold_s`` in any
    case. A hole of more than ``max_pages`` pages of history is not mended. ``attempts`` failures in a row, with pauses
    that grow from ``pause_s``, give it up. Viewers are then told to resync.
    """

    def __init__(
        self,
        history: History,
        metrics: ServiceMetrics,
        *,
        hold_s: float = 2.0,
        concurrent: int = 4,
        max_pages: int = 3,
        attempts: int = 8,
        pause_s: float = 0.1,
    ) -> None:
        self._history = history
        self._metrics = metrics
        self._hold_s = hold_s
        self._turns = asyncio.Semaphore(concurrent)
        self._max_pages = max_pages
        self._attempts = attempts
        self._pause_s = pause_s
        self._tasks: dict[Feed, asyncio.Task[None]] = {}

    def begin(self, feed: Feed) -> None:
        """Starts mending. A feed asks once until it is no longer ``repairing``."""
        self._tasks[feed] = asyncio.create_task(self._run(feed), name=f"repair {feed.video}")

    async def ended(self, feeds: Iterable[Feed]) -> None:
        """Waits until none of ``feeds`` is being mended."""
        tasks = [task for feed in feeds if (task := self._tasks.get(feed)) is not None]
        if tasks:
            await asyncio.wait(tasks)

    def forget(self, feed: Feed) -> None:
        """The channel closes: nothing is to be mended any more."""
        task = self._tasks.pop(feed, None)
        if task is not None:
            task.cancel()

    async def aclose(self) -> None:
        """Ends all repairs."""
        tasks = list(self._tasks.values())
        for feed in list(self._tasks):
            self.forget(feed)
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, feed: Feed) -> None:
        deadline = asyncio.get_running_loop().call_later(self._hold_s, feed.release, HoldReason.TIMEOUT)
        try:
            await self._mend_all(feed)
        finally:
            deadline.cancel()
            if self._tasks.pop(feed, None) is not None:  # not forgotten
                feed.repairing = False
                feed.release(HoldReason.MENDED)

    async def _mend_all(self, feed: Feed) -> None:
        failures = 0
        while (hole := feed.take_hole()) is not None:
            try:
                async with self._turns:
                    outcome = await self._mend(feed, hole)
            except HistoryUnavailableError as error:
                failures += 1
                if failures == self._attempts:
                    self._conclude(feed, hole, RepairOutcome.GIVEN_UP, ResyncReason.HISTORY_UNAVAILABLE, str(error))
                    return
                feed.put_back(hole)
                await asyncio.sleep(self._pause_after(failures))
                continue
            failures = 0
            if outcome is RepairOutcome.TOO_LARGE:
                self._conclude(feed, hole, outcome, ResyncReason.HOLE_TOO_LARGE, f"over {self._max_pages} pages")
            else:
                self._metrics.repairs.labels(outcome).inc()
            # What was held may show another hole, which is then mended behind it.
            feed.release(HoldReason.MENDED)

    async def _mend(self, feed: Feed, hole: Hole) -> RepairOutcome:
        comments: list[tuple[int, bytes]] = []
        since = cursor = with_slack(hole.since)
        for _ in range(self._max_pages):
            page = await self._history.after(feed.video, cursor, changes_after=since)
            comments += page.comments
            if page.complete:
                break
            cursor = comments[-1][0]
        else:
            return RepairOutcome.TOO_LARGE
        if page.changes.after > since:
            return RepairOutcome.TOO_LARGE
        mended = feed.merge(comments, page.changes)
        feed.settle(hole)
        self._metrics.mended.labels("repair").inc(mended)
        return RepairOutcome.MENDED if mended else RepairOutcome.NOTHING_MISSING

    def _conclude(self, feed: Feed, hole: Hole, outcome: RepairOutcome, resync: ResyncReason, detail: str) -> None:
        self._metrics.repairs.labels(outcome).inc()
        structlog.get_logger().warning(
            "repair_failed", reason=outcome, video=feed.video, since=hole.since, claims=hole.claims, detail=detail
        )
        feed.leave_open(hole, resync)

    def _pause_after(self, failures: int) -> float:
        pause: float = min(self._pause_s * 2**failures, LONGEST_PAUSE_S)
        return pause * random.uniform(0.5, 1.0)  # noqa: S311  # spreads retries, hides nothing
