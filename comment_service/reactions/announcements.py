"""Totals of reactions that changed become events of the live stream, however many people react."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from comment_service.announcements import EventPublisher
from comment_service.metrics import CommentServiceMetrics
from comment_service.reactions.pending import PendingReactions, ReactionNews
from comment_service.reasons import ReactionDropReason
from comment_service.refusal import StoreBusy, StoreDown
from comment_service.store import ReactionStore
from comment_service.store.reactions import Totals
from comment_service.store_calls import StoreCalls
from livecomments.v1 import event_pb2
from service_kit.tasks import end_tasks

# Comments of one event: all six kinds of so many are less than the 64 KiB that a dispatcher takes.
MAX_COMMENTS = 250
_LONGEST_PAUSE_S = 5.0

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ReactionLimits:
    """The defaults are the settings' defaults."""

    gather_s: float = 0.5
    """What changes within this time of a video's first change is told in one event."""
    confirm_s: float = 3.0
    """After this it is told once more. More than writers' clocks differ by."""
    max_videos: int = 10_000
    """Videos with something to tell of."""
    max_comments: int = 100_000
    """Comments to tell of, all videos together."""
    concurrent: int = 32
    """Videos for which the store is asked at a time."""
    drain_s: float = 3.0
    """How long the last of it may take when the process ends."""


@dataclass(slots=True, eq=False)
class _Video:
    live_video_id: str
    pending: PendingReactions
    comments: int = 0
    """Of ``pending``, as they were added up last."""
    timer: asyncio.TimerHandle | None = None
    telling: asyncio.Task[None] | None = None


class ReactionAnnouncements:
    """Tells a video's totals at most every ``gather_s``: those of its comments as the store has them, and its own
    after what was gathered has been counted there. What the store refuses is kept and tried again; what it may have
    counted is not, so that a video never has more than there were.

    Totals of several comment services may cross on their way. Those of a video only grow, so the greatest is right.
    Of a comment the event with the greatest id is right: the id is taken after the writes that it tells of and before
    the totals are read, so a read with a smaller id lacks nothing that one with a greater id does not have as well.
    Where clocks differ that may fail; what is told again after ``confirm_s`` mends it.
    """

    def __init__(
        self,
        store: ReactionStore,
        next_id: Callable[[], int],
        publisher: EventPublisher,
        metrics: CommentServiceMetrics,
        limits: ReactionLimits | None = None,
    ) -> None:
        self._store = store
        self._next_id = next_id
        self._publisher = publisher
        self._metrics = metrics.reactions
        self._calls = StoreCalls(metrics)
        self._limits = limits or ReactionLimits()
        self._videos: dict[str, _Video] = {}
        self._comments = 0
        self._draining = False
        self._turns = asyncio.Semaphore(self._limits.concurrent)
        self._metrics.watch(
            reaction_videos=lambda: len(self._videos),
            reaction_comments=lambda: self._comments,
            reactions_uncounted=lambda: sum(video.pending.added for video in self._videos.values()),
        )

    def count(self, live_video_id: str, kind: str, number: int) -> None:
        """So many people reacted to the video itself. Raises ``StoreBusy`` where too many videos wait."""
        video = self._video(live_video_id)
        if video is None:
            raise StoreBusy("too many videos are being reacted to; try again in a moment")
        video.pending.count(kind, number, _now())
        self._arm(video)

    def comment_changed(self, live_video_id: str, comment_id: int) -> None:
        """The store has new totals of that comment."""
        video = self._video(live_video_id) if self._comments < self._limits.max_comments else None
        if video is None:
            self._metrics.dropped.labels("comment", ReactionDropReason.NEWS_FULL).inc()
            return
        video.pending.change(comment_id, _now())
        self._arm(video)

    async def drain(self) -> None:
        """Tells all that is new, due or not, within ``drain_s``; the rest is given up."""
        self._draining = True
        deadline = _now() + self._limits.drain_s
        while self._videos and _now() < deadline:
            for video in list(self._videos.values()):
                if video.telling is None:
                    self._begin(video)
            telling = [video.telling for video in self._videos.values() if video.telling is not None]
            _, late = await asyncio.wait(telling, timeout=deadline - _now())
            await end_tasks(*late)
            if self._videos:  # the store refused
                await asyncio.sleep(self._limits.gather_s / 5)
        for video in list(self._videos.values()):
            self._give_up(video, video.pending.take_new(), ReactionDropReason.DRAIN_CUT_OFF)
            self._forget(video)
        self._draining = False

    # -- one video -----------------------------------------------------------------------------------------------

    def _video(self, live_video_id: str) -> _Video | None:
        video = self._videos.get(live_video_id)
        if video is None and len(self._videos) < self._limits.max_videos:
            pending = PendingReactions(self._limits.gather_s, self._limits.confirm_s)
            video = self._videos[live_video_id] = _Video(live_video_id, pending)
        return video

    def _arm(self, video: _Video) -> None:
        """Sees to it that what is due next is told then."""
        self._comments += video.pending.comments - video.comments
        video.comments = video.pending.comments
        if video.telling is not None:
            return  # it arms again at its end
        due_at = video.pending.due_at
        if self._draining:
            if not video.pending.new:
                self._forget(video)
            return
        if due_at is None:
            self._forget(video)
        elif video.timer is None or video.timer.when() > due_at:
            if video.timer is not None:
                video.timer.cancel()
            video.timer = asyncio.get_running_loop().call_at(due_at, self._begin, video)

    def _begin(self, video: _Video) -> None:
        if video.timer is not None:
            video.timer.cancel()
            video.timer = None
        video.telling = asyncio.create_task(self._tell_due(video), name=f"reactions of {video.live_video_id}")

    def _forget(self, video: _Video) -> None:
        if video.timer is not None:
            video.timer.cancel()
        self._comments -= video.comments
        del self._videos[video.live_video_id]

    def _give_up(self, video: _Video, news: ReactionNews, reason: ReactionDropReason) -> None:
        added, comments = sum(news.added.values()), len(news.comments) + len(news.again)
        self._metrics.dropped.labels("comment", reason).inc(comments)
        self._metrics.dropped.labels("video", reason).inc(added)
        if added or comments:
            _log.warning("reactions_given_up", reason=reason, video=video.live_video_id, added=added, comments=comments)

    # -- telling -------------------------------------------------------------------------------------------------

    async def _tell_due(self, video: _Video) -> None:
        try:
            async with self._turns:
                pending = video.pending
                await self._tell(video, pending.take_new() if self._draining else pending.take(_now()))
        finally:
            video.telling = None
            self._arm(video)

    async def _tell(self, video: _Video, news: ReactionNews) -> None:
        left = news
        try:
            event_id = self._next_id()
            of_video = await self._totals_of_video(video.live_video_id, news)
            left = replace(news, added={})
            comments = (*news.comments, *news.again)
            for at in range(0, max(1, len(comments)), MAX_COMMENTS):
                part = comments[at : at + MAX_COMMENTS]
                if at:
                    event_id, of_video = self._next_id(), {}
                self._publish(video.live_video_id, event_id, of_video, await self._totals(video.live_video_id, part))
        except (StoreDown, StoreBusy) as error:
            self._metrics.retries.inc()
            if isinstance(error, StoreDown) and error.in_doubt:
                self._give_up(video, ReactionNews(added=left.added), ReactionDropReason.IN_DOUBT)
                left = replace(left, added={})
            pause_s = min(self._limits.gather_s * 2**video.pending.failures, _LONGEST_PAUSE_S)
            video.pending.put_back(left, _now(), pause_s)
        except asyncio.CancelledError:
            self._give_up(video, left, ReactionDropReason.DRAIN_CUT_OFF)
            raise
        except Exception as error:
            _log.error("reactions_failed", video=video.live_video_id, exc_info=error)
            self._give_up(video, left, ReactionDropReason.FAILED)
        else:
            video.pending.told(news, _now())

    async def _totals_of_video(self, live_video_id: str, news: ReactionNews) -> Totals:
        if news.added:
            return await self._calls.ask(
                "count_reactions", lambda: self._store.count_for_video(live_video_id, news.added)
            )
        if news.video or news.video_again:
            return await self._calls.ask("reaction_totals", lambda: self._store.of_video(live_video_id))
        return {}

    async def _totals(self, live_video_id: str, comments: Sequence[int]) -> Mapping[int, Totals]:
        """Of each of the comments, {} where nobody reacts to it any more."""
        if not comments:
            return {}
        found = await self._calls.ask("reaction_totals", lambda: self._store.totals(live_video_id, comments))
        return {comment_id: found.get(comment_id, {}) for comment_id in comments}

    def _publish(self, live_video_id: str, event_id: int, video: Totals, comments: Mapping[int, Totals]) -> None:
        if not video and not comments:
            return
        self._metrics.events.inc()
        kind = event_pb2.Event.KIND_REACTIONS
        data = totals_json(video, comments)
        self._publisher.publish(event_pb2.Event(live_video_id=live_video_id, event_id=event_id, kind=kind, data=data))


def totals_json(video: Totals, comments: Mapping[int, Totals]) -> bytes:
    """``{"video": {kind: n}, "comments": {commentId: {kind: n}}}``, UTF-8."""
    document = {
        "video": dict(sorted(video.items())),
        "comments": {str(comment_id): dict(sorted(totals.items())) for comment_id, totals in comments.items()},
    }
    return json.dumps(document, separators=(",", ":")).encode()


def _now() -> float:
    return asyncio.get_running_loop().time()
