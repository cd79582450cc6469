"""What flows into one channel: events in, holes noticed, newcomers held while a hole is mended."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from livecomments.v1 import event_pb2
from rms import frames
from rms.chains import OriginChains
from rms.reasons import HoldReason, ResyncReason

if TYPE_CHECKING:
    from rms.channel import Channel
    from rms.metrics import ServiceMetrics

Item = event_pb2.Event | event_pb2.Head
Comment = tuple[int, bytes]
"""A comment's id and its JSON."""
# Writers' clocks differ, and what they write is neither stored nor published in the order of its ids.
CLOCK_SLACK_MS = 2000
# Comments that a read of the store brought, remembered a channel. One forgotten passes for one that was delivered.
MAX_MENDED = 2000
_KINDS = {
    event_pb2.Event.KIND_EDIT: frames.EDIT,
    event_pb2.Event.KIND_DELETE: frames.DELETE,
    event_pb2.Event.KIND_REACTIONS: frames.REACTIONS,
    event_pb2.Event.KIND_VIEWERS: frames.VIEWERS,
    event_pb2.Event.KIND_END: frames.END,
}


@dataclass(slots=True)
class Hole:
    """Something is missing after the id ``since``; once the store was asked, ``claims`` count as had."""

    since: int
    claims: dict[str, int] = field(default_factory=dict)
    """origin → the id that it says it published. Without any, the hole is a doubt."""


class Feed:
    """One channel's input.

    It begins by holding what comes, until ``open`` or ``open_incomplete``. When an event names a predecessor that the
    channel has not had, that event and all after it are held, ``on_hole(feed)`` is called once, and whoever answers
    that takes the hole, mends it and calls ``release``. ``max_held`` are held at most; more let all go on.

    Events with ids up to ``covered_to`` count as had: the backfill brought them.
    """

    __slots__ = (
        "_chains",
        "_complete_from",
        "_held",
        "_hole",
        "_max_held",
        "_mended",
        "_metrics",
        "_on_hole",
        "channel",
        "covered_to",
        "incomplete",
        "opened",
        "repairing",
    )

    def __init__(
        self,
        channel: Channel,
        *,
        covered_to: int,
        max_held: int,
        metrics: ServiceMetrics,
        on_hole: Callable[[Feed], None],
    ) -> None:
        self.channel = channel
        self.covered_to = covered_to
        self.incomplete = False
        """The newest comments of before the opening are missing: the store could not be read."""
        self.opened = False
        self.repairing = False
        """Somebody mends a hole; whoever does sets it to False at the end."""
        self._chains = OriginChains(covered_to)
        self._held: list[Item] | None = []
        self._hole: Hole | None = None
        self._max_held = max_held
        self._mended: dict[int, None] = {}
        self._metrics = metrics
        self._on_hole = on_hole
        self._complete_from = 0  # every comment from this id on has been put on the channel

    @property
    def video(self) -> str:
        """The channel's ``liveVideoId``."""
        return self.channel.video

    def open(self, comments: Sequence[Comment], *, complete: bool) -> None:
        """Goes live with the newest comments, oldest first; ``complete`` where there are no older ones."""
        if comments:
            self._complete_from = 0 if complete else comments[0][0]
        self._open(comments)

    def open_incomplete(self) -> None:
        """Goes live with what there is: the store cannot be read."""
        self.incomplete = True
        self._open([])

    def catch_up(self, comments: Sequence[Comment], *, complete: bool) -> int:
        """Publishes what ``open_incomplete`` went live without, of that the newest. Returns how many there were."""
        self.incomplete = False
        if comments:
            self._complete_from = 0 if complete else comments[0][0]
        return self._mend(comment for comment in comments if not self.channel.has(comment[0]))

    def reaches(self, comment_id: int) -> bool:
        """The ring has every comment with a greater id than this."""
        return not self.incomplete and comment_id >= max(self._complete_from - 1, self.channel.greatest_evicted)

    def deliver(self, item: Item) -> None:
        """Takes an event or a head; repeats are dropped."""
        if self._held is None:
            self._take(item)
        elif len(self._held) < self._max_held:
            self._held.append(item)
        else:
            self.release(HoldReason.FULL)
            self._take(item)

    def merge(self, comments: Iterable[Comment]) -> int:
        """Publishes those comments that should have come live and have not. Returns how many."""
        return self._mend(
            comment for comment in comments if comment[0] > self.covered_to and not self.channel.has(comment[0])
        )

    def doubt(self, since: int) -> None:
        """Something with an id after ``since`` may be missing though no event says so: has the store asked.

        Nothing is held meanwhile.
        """
        if not self.channel.live:
            return
        self._widen_hole(max(since, self.covered_to))
        if not self.repairing:
            self.repairing = True
            self._on_hole(self)

    def take_hole(self) -> Hole | None:
        """The hole as it now stands; whoever takes it mends it or puts it back."""
        hole, self._hole = self._hole, None
        return hole

    def put_back(self, hole: Hole) -> None:
        """The hole could not be mended yet."""
        self._widen_hole(hole.since)
        for origin, event_id in hole.claims.items():
            self._note_hole(hole.since, origin, event_id)

    def settle(self, hole: Hole) -> None:
        """What ``hole`` claims counts as had: the store was asked, and what it does not have never comes."""
        for origin, event_id in hole.claims.items():
            if self._chains.missing_since(origin, event_id, self._came) is not None:
                self._chains.advance(origin, event_id)

    def leave_open(self, hole: Hole, reason: ResyncReason) -> None:
        """The hole will not be mended: viewers are told to read what they miss by REST. A doubt is dropped."""
        if not hole.claims:
            return
        self.settle(hole)
        self._complete_from = max(self._complete_from, self.channel.newest_id or 0)
        self._metrics.resyncs.labels(reason).inc(self.channel.viewers)
        self.channel.publish(frames.resync_frame(hole.since, reason))

    def release(self, reason: HoldReason) -> None:
        """Lets what is held go on. Nothing is held again while ``repairing``."""
        held, self._held = self._held, None
        if held:
            self._metrics.released.labels(reason).inc(len(held))
        for item in held or ():
            self._take(item)

    def _open(self, history: Sequence[Comment]) -> None:
        self.channel.seed([_frame(*comment) for comment in history])
        self.opened = True
        self.release(HoldReason.MENDED)

    def _take(self, item: Item) -> None:
        if self._held is not None:  # a hole was found among what was being released
            self._held.append(item)
            return
        if isinstance(item, event_pb2.Head):
            claim, known = item.last_id, False
        else:
            claim, known = item.previous_id, self._came(item.event_id)
        since = None if known else self._chains.missing_since(item.origin, claim, self._came)
        if since is not None:
            self._note_hole(since, item.origin, claim)
            if not self.repairing:
                self.repairing = True
                self._held = [item]
                self._on_hole(self)
                return
        if isinstance(item, event_pb2.Event):
            self._publish(item)

    def _came(self, event_id: int) -> bool:
        """It was delivered, and so was held against what its origin published before it."""
        return event_id not in self._mended and self.channel.has(event_id)

    def _mend(self, comments: Iterable[Comment]) -> int:
        """Publishes what did not come. It says nothing of what its origin published before it."""
        mended = 0
        for comment_id, data in comments:
            if self._publish_comment(comment_id, data):
                mended += 1
                self._mended[comment_id] = None
                if len(self._mended) > MAX_MENDED:
                    del self._mended[next(iter(self._mended))]
        return mended

    def _note_hole(self, since: int, origin: str, claim: int) -> None:
        self._widen_hole(since).claims[origin] = claim

    def _widen_hole(self, since: int) -> Hole:
        if self._hole is None:
            self._hole = Hole(since)
        self._hole.since = min(self._hole.since, since)
        return self._hole

    def _publish(self, event: event_pb2.Event) -> None:
        self._chains.advance(event.origin, event.event_id)
        self._mended.pop(event.event_id, None)
        if event.kind == event_pb2.Event.KIND_COMMENT:
            self._publish_comment(event.event_id, event.data)
            return
        kind = _KINDS[event.kind]
        frame = frames.encode(kind, event.data, event.event_id)
        if self.channel.publish(frame) and kind in (frames.EDIT, frames.DELETE):
            self._rewrite(kind, event.data)

    def _publish_comment(self, comment_id: int, data: bytes) -> bool:
        return self.channel.publish(_frame(comment_id, data))

    def _rewrite(self, kind: str, data: bytes) -> None:
        """Whoever joins later gets the comment as it now stands, or not at all."""
        try:
            comment_id = int(json.loads(data)["commentId"])
        except (ValueError, KeyError, TypeError):
            structlog.get_logger().warning("event_without_comment_id", video=self.video, kind=kind)
            return
        self.channel.replace(comment_id, _frame(comment_id, data) if kind == frames.EDIT else None)


def _frame(comment_id: int, data: bytes) -> frames.Frame:
    return frames.encode(frames.COMMENT, data, comment_id)
