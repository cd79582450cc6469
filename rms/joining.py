"""Brings viewers into an open channel: with a backlog, or where they left off, from the ring or from the store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

from rms.comment_services import HistoryUnavailableError
from rms.feed import Feed
from rms.frames import Frame, resync_frame
from rms.history import MAX_PAGE, History, HistoryPage
from rms.metrics import ServiceMetrics
from rms.reasons import ResyncReason
from rms.slack import long_before, with_slack
from rms.stream_request import StreamRequest
from rms.viewer import Viewer
from service_kit.tasks import end_tasks

# Pages that are read beyond the newest 1,000 at most, for the slack.
OLDER_PAGES = 3
# Viewers given their pages of history before the loop serves others.
SLICE = 10


@dataclass(frozen=True, slots=True)
class Joiner:
    """A viewer that was taken in, and what it asked for (see ``StreamRequest``).

    ``opening``: the first bytes of its stream, which is compressed where ``gzip``; ``head`` goes before it as it is,
    the response head where the link needs one.
    """

    viewer: Viewer
    opening: bytes
    resume_after: int | None
    backlog: int
    head: bytes = b""
    gzip: bool = False
    max_age_s: float = inf

    @classmethod
    def of(cls, request: StreamRequest, viewer: Viewer, opening: bytes, *, head: bytes = b"") -> Joiner:
        """The one that ``viewer`` becomes by a request that was let through."""
        return cls(
            viewer,
            opening,
            request.resume_after,
            request.backlog,
            head=head,
            gzip=request.accepts_gzip,
            max_age_s=request.max_age_s,
        )


@dataclass(frozen=True, slots=True)
class _Read:
    """What the store gave, None where it did not; ``at``: the stream's position when it was asked."""

    page: HistoryPage | None
    at: int

    def meets(self, feed: Feed) -> bool:
        """Whatever came too late for the page is in the ring still."""
        return feed.channel.first <= self.at


class Joining:
    """Joins viewers to channels.

    What the ring does not reach back to is read from the store, once for all who wait for it at that moment, within
    ``timeout_s``; without the store they go live at once, and those who resumed are told to resync.
    ``on_gone(feed, viewer)`` is called for a viewer that was gone before it had joined.
    """

    def __init__(self, history: History, metrics: ServiceMetrics, *, timeout_s: float = 2.0) -> None:
        self.on_gone: Callable[[Feed, Viewer], None] = lambda feed, viewer: None
        self._history = history
        self._metrics = metrics
        self._timeout_s = timeout_s
        self._waiting: dict[Feed, list[Joiner]] = {}
        self._reading: set[asyncio.Task[None]] = set()

    def join(self, feed: Feed, joiner: Joiner) -> None:
        """Joins a viewer to an open feed, in this turn of the loop where the ring has what it needs."""
        if joiner.viewer.closed:
            self.on_gone(feed, joiner.viewer)
        elif joiner.resume_after is None:
            self._begin(feed, joiner)
        else:
            self._resume(feed, joiner, joiner.resume_after)

    async def aclose(self) -> None:
        """Ends all reading; viewers that wait are closed."""
        await end_tasks(*self._reading)
        waiting, self._waiting = self._waiting, {}
        for feed, joiners in waiting.items():
            self._metrics.waiting_viewers.dec(len(joiners))
            for joiner in joiners:
                joiner.viewer.close()
                self.on_gone(feed, joiner.viewer)

    # -- from the ring -------------------------------------------------------------------------------------------

    def _begin(self, feed: Feed, joiner: Joiner) -> None:
        if feed.incomplete and joiner.backlog:
            self._ask_store(feed, joiner)
        else:
            self._count("backlog")
            _join(feed, joiner, joiner.opening, backlog=joiner.backlog)

    def _resume(self, feed: Feed, joiner: Joiner, resume_after: int) -> None:
        position = feed.channel.position_after(resume_after)
        since = with_slack(resume_after)
        if position is not None and feed.reaches_changes(resume_after):
            self._count("exact")
            self._go_on(feed, joiner, position)
        elif feed.reaches(since) and feed.reaches_changes(long_before(resume_after)):
            self._count("ring")
            at = feed.channel.position_since(since)
            self._go_on(feed, joiner, at, feed.channel.changes_after(long_before(resume_after), before=at))
        else:
            self._ask_store(feed, joiner)

    def _go_on(self, feed: Feed, joiner: Joiner, position: int, first: Sequence[Frame] = ()) -> None:
        opening = joiner.opening + b"".join([frame.data for frame in first])
        feed.channel.resume(joiner.viewer, opening, position=position, head=joiner.head, gzip=joiner.gzip)

    # -- from the store ------------------------------------------------------------------------------------------

    def _ask_store(self, feed: Feed, joiner: Joiner) -> None:
        waiting = self._waiting.get(feed)
        self._metrics.waiting_viewers.inc()
        if waiting is not None:
            waiting.append(joiner)
            return
        self._waiting[feed] = [joiner]
        task = asyncio.create_task(self._read(feed), name=f"history for viewers of {feed.video}")
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _read(self, feed: Feed) -> None:
        while joiners := self._waiting.get(feed):
            read_at = feed.channel.end
            page = await self._page(feed, joiners)
            if page is not None and feed.channel.live:
                self._metrics.mended.labels("resume").inc(_publish_missed(feed, page))
            await self._serve(feed, joiners, _Read(page, read_at))
        self._waiting.pop(feed, None)

    async def _page(self, feed: Feed, joiners: Sequence[Joiner]) -> HistoryPage | None:
        """The newest comments; and the slack of those who missed no more of them than are replayed."""
        try:
            async with asyncio.timeout(self._timeout_s):
                page = await self._history.newest(feed.video)
                if page.complete or not page.comments:
                    return page
                reach = with_slack(page.comments[0][0])
                if any(each.resume_after is not None and each.resume_after >= reach for each in joiners):
                    page = await self._history.reaching(feed.video, page, with_slack(reach), pages=OLDER_PAGES)
                return page
        except (HistoryUnavailableError, TimeoutError):
            return None  # counted where it failed

    async def _serve(self, feed: Feed, joiners: list[Joiner], read: _Read) -> None:
        """Joins those who wait, until they have all joined or the ring has moved on past what was read."""
        while joiners:
            for joiner in joiners[:SLICE]:
                self._metrics.waiting_viewers.dec()
                self._join_with(feed, joiner, read)
            del joiners[:SLICE]
            if joiners:
                await asyncio.sleep(0)
            if not read.meets(feed):
                return

    def _join_with(self, feed: Feed, joiner: Joiner, read: _Read) -> None:
        if joiner.viewer.closed or not feed.channel.live:
            joiner.viewer.close()
            self.on_gone(feed, joiner.viewer)
        elif read.page is None:
            self._join_without_store(feed, joiner)
        else:
            self._count("store")
            since = 0 if joiner.resume_after is None else with_slack(joiner.resume_after)
            comments = _merged(feed, read.page, since)
            complete = read.page.reaches(since) and read.meets(feed)
            if joiner.resume_after is None:
                self._replay(feed, joiner, comments[-joiner.backlog :], complete=complete)
                return
            changed_since = long_before(joiner.resume_after)
            complete = complete and (not changed_since or changed_since >= read.page.changes.after)
            self._replay(feed, joiner, comments, _changed(feed, read.page, changed_since), complete=complete)

    def _join_without_store(self, feed: Feed, joiner: Joiner) -> None:
        self._count("without_store")
        if joiner.resume_after is None:
            _join(feed, joiner, joiner.opening, backlog=joiner.backlog)
            return
        comments = feed.channel.comments_after(with_slack(joiner.resume_after))
        changes = feed.channel.changes_after(long_before(joiner.resume_after))
        self._replay(feed, joiner, comments, changes, complete=False, reason=ResyncReason.HISTORY_UNAVAILABLE)

    def _replay(
        self,
        feed: Feed,
        joiner: Joiner,
        comments: list[Frame],
        changes: Sequence[Frame] = (),
        *,
        complete: bool,
        reason: ResyncReason = ResyncReason.TOO_FAR_BACK,
    ) -> None:
        """Sends ``comments``, ``changes``, then live from the ring's end on; of comments missed the newest 1,000.

        Those of the slack are not among the missed, and go along; who is told to resync is to read them too.
        """
        opening = [joiner.opening]
        if joiner.resume_after is not None:
            missed = sum(frame.event_id > joiner.resume_after for frame in comments)
            if not complete or missed > MAX_PAGE:
                self._metrics.resyncs.labels(reason).inc()
                opening.append(resync_frame(with_slack(joiner.resume_after), reason).data)
                comments = comments[-MAX_PAGE:]
        opening += [frame.data for frame in (*comments, *changes)]
        _join(feed, joiner, b"".join(opening))

    def _count(self, how: str) -> None:
        self._metrics.joins.labels(how).inc()


def _join(feed: Feed, joiner: Joiner, opening: bytes, *, backlog: int = 0) -> None:
    feed.channel.join(joiner.viewer, opening, backlog=backlog, head=joiner.head, gzip=joiner.gzip)


def _publish_missed(feed: Feed, page: HistoryPage) -> int:
    """What is in the page and still on its way, or is to come late, counts as a repeat from here on: whoever gets the
    page gets it once. Returns how many there were."""
    late = feed.catch_up(page.comments, complete=page.complete, changes=page.changes)
    return late + feed.merge(page.comments, page.changes)


def _merged(feed: Feed, page: HistoryPage, since: int) -> list[Frame]:
    """What the store and the ring have after ``since``, in id order, but what the next flush brings anyway."""
    here = feed.channel.comment_ids
    stored = [
        feed.channel.with_totals(each, feed.changes.frame(each, data))
        for each, data in page.comments
        if each > since and each not in here and not feed.changes.is_deleted(each)
    ]
    return sorted(stored + feed.channel.comments_after(since), key=lambda frame: frame.event_id)


def _changed(feed: Feed, page: HistoryPage, since: int) -> list[Frame]:
    """The same of edits and deletions."""
    here = feed.channel.change_ids
    stored = [each.frame() for each in page.changes.changes if each.change_id > since and each.change_id not in here]
    return sorted(stored + feed.channel.changes_after(since), key=lambda frame: frame.event_id)
