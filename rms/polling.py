"""Reads what is new from the store for videos whose route is not registered: no dispatcher sends it here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator

import structlog

from rms.comment_services import HistoryUnavailableError
from rms.feed import Feed
from rms.history import MAX_PAGE, History
from rms.metrics import ServiceMetrics
from rms.slack import with_slack
from service_kit.tasks import end_tasks


class Polling:
    """Asks for each feed of ``unannounced()``, every ``every_s``, ``concurrent`` at a time, ``per_s`` a second at most.

    A feed is asked for once more after its route was registered: dispatchers replay the last seconds to a new route,
    but what a poll shortly before missed may be older than those by then. One that was forgotten between two rounds is
    asked for too, once ``doubt`` tells of it.
    """

    def __init__(
        self,
        history: History,
        metrics: ServiceMetrics,
        *,
        unannounced: Callable[[], Iterable[Feed]],
        every_s: float = 1.0,
        concurrent: int = 4,
        per_s: float = 200.0,
    ) -> None:
        self._history = history
        self._metrics = metrics
        self._unannounced = unannounced
        self._every_s = every_s
        self._concurrent = concurrent
        self._interval_s = 1 / per_s
        self._next_at = 0.0
        self._before: set[Feed] = set()
        self._doubted: dict[Feed, int] = {}  # and the cursor to ask from
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to poll. Idempotent."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="polling")

    async def aclose(self) -> None:
        """Stops. Idempotent."""
        task, self._task = self._task, None
        await end_tasks(task)

    def doubt(self, feed: Feed) -> None:
        """Dispatchers had forgotten the route of ``feed``: the next round asks for it, from where it stands now.

        A node that hung may learn of it only when its route is there again, and what comes live from then on need not
        tell of all that it missed.
        """
        self._doubted.setdefault(feed, _cursor(feed))

    async def poll(self) -> None:
        """One round."""
        now = set(self._unannounced())
        self._metrics.unannounced.set(len(now))
        feeds = iter(now | self._before | self._doubted.keys())
        self._before = now
        async with asyncio.TaskGroup() as group:
            for _ in range(self._concurrent):
                group.create_task(self._work_off(feeds))

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                await self.poll()
            except Exception:
                # A defect in one round must not leave videos without a route unheard for good.
                structlog.get_logger().exception("poll_failed")
            await asyncio.sleep(max(0.0, self._every_s - (loop.time() - began)))

    async def _work_off(self, feeds: Iterator[Feed]) -> None:
        for feed in feeds:
            since = self._doubted.pop(feed, None)
            cursor = _cursor(feed) if since is None else since
            try:
                await self._read(feed, cursor, doubted=since is not None)
            except HistoryUnavailableError:  # counted where it failed; the next round asks again
                if since is not None:
                    self._doubted[feed] = since

    async def _read(self, feed: Feed, cursor: int, *, doubted: bool) -> None:
        """All that follows ``cursor``, so that what comes live in between cannot hide the rest."""
        complete = False
        changes_after = cursor if doubted else _changes_cursor(feed)
        while not complete and feed.channel.live:
            await self._turn()
            page = await self._history.after(feed.video, cursor, MAX_PAGE, changes_after=changes_after)
            if feed.channel.live:
                self._metrics.mended.labels("poll").inc(feed.merge(page.comments, page.changes))
            complete = page.complete
            if page.comments:
                cursor = page.comments[-1][0]

    async def _turn(self) -> None:
        """Waits until one more read is within the rate."""
        now = asyncio.get_running_loop().time()
        at = max(now, self._next_at)
        self._next_at = at + self._interval_s
        await asyncio.sleep(at - now)


def _cursor(feed: Feed) -> int:
    """What follows it is news, or may be."""
    return _before(feed, feed.channel.newest_id or 0)


def _changes_cursor(feed: Feed) -> int:
    """The same of edits and deletions."""
    return _before(feed, max(feed.channel.newest_id or 0, feed.newest_change_id))


def _before(feed: Feed, event_id: int) -> int:
    """The cursor that leaves nothing out, where ``event_id`` is the newest that was had."""
    return max(feed.covered_to, with_slack(event_id))
