"""What flows into one channel: events in, holes noticed, newcomers held while a hole is mended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import structlog

from livecomments.v1 import event_pb2
from rms import frames
from rms.chains import OriginChains
from rms.changes import NO_CHANGES, Change, Changes, KnownChanges, change_of
from rms.hole import Hole, OpenHole
from rms.reaction_totals import parse_change
from rms.reasons import DropReason, HoldReason, ResyncReason

if TYPE_CHECKING:
    from rms.channel import Channel
    from rms.metrics import ServiceMetrics

Item = event_pb2.Event | event_pb2.Head
Comment = tuple[int, bytes]
"""A comment's id and its JSON."""
# Comments that all viewers are sent late, where the store could not be read at the opening: about a first page.
MAX_LATE = 100
# Comments that a read of the store brought, remembered a channel. One forgotten passes for one that was delivered.
MAX_MENDED = 2000
_KINDS = {
    event_pb2.Event.KIND_EDIT: frames.EDIT,
    event_pb2.Event.KIND_DELETE: frames.DELETE,
    event_pb2.Event.KIND_VIEWERS: frames.VIEWERS,
}


class Feed:
    """One channel's input.

    It begins by holding what comes, until ``open`` or ``open_incomplete``. When an event names a predecessor that the
    channel has not had, that event and all after it are held, ``on_hole(feed)`` is called once, and whoever answers
    that takes the hole, mends it and calls ``release``. ``max_held`` are held at most; more let all go on.

    Events with ids up to ``covered_to`` count as had: the backfill brought them.

    What is deleted is not delivered from then on, and what is edited only so, whichever way the comment comes; the
    video's end follows all that is held, and is told by ``on_end(feed)``.
    """

    __slots__ = (
        "_chains",
        "_changes_after",
        "_complete_from",
        "_ending",
        "_held",
        "_hole",
        "_max_held",
        "_mended",
        "_metrics",
        "_on_end",
        "_on_hole",
        "_opened_from",
        "changes",
        "channel",
        "covered_to",
        "ended",
        "incomplete",
        "newest_change_id",
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
        on_end: Callable[[Feed], None] = lambda feed: None,
    ) -> None:
        self.channel = channel
        self.covered_to = covered_to
        self.incomplete = False
        """The newest comments of before the opening are missing: the store could not be read."""
        self.opened = False
        self.ended = False
        """The video's end has been put on the channel."""
        self.changes = KnownChanges()
        """Those that were heard of."""
        self.newest_change_id = 0
        """The greatest id of those."""
        self.repairing = False
        """Somebody mends a hole; whoever does sets it to False at the end."""
        self._chains = OriginChains(covered_to)
        self._held: list[Item] | None = []
        self._hole = OpenHole()
        self._max_held = max_held
        self._mended: dict[int, None] = {}
        self._metrics = metrics
        self._on_hole = on_hole
        self._on_end = on_end
        self._ending: int | None = None  # the id of the end, which waits for what is held
        self._changes_after = covered_to  # every change after this id has been put on the channel
        self._complete_from = 0  # every comment from this id on has been put on the channel
        self._opened_from = 0  # what is older was history at the opening, and never comes live

    @property
    def video(self) -> str:
        """The channel's ``liveVideoId``."""
        return self.channel.video

    def open(self, comments: Sequence[Comment], *, complete: bool, changes: Changes = NO_CHANGES) -> None:
        """Goes live with the newest comments, oldest first; ``complete`` where there are no older ones.

        ``changes`` were read after them.
        """
        if comments and not complete:
            self._complete_from = self._opened_from = comments[0][0]
        self._changes_after = changes.after
        history = [change.frame() for change in changes.changes if self._note(change)]
        for comment_id, data in comments:
            if not self.changes.is_deleted(comment_id):
                history.append(self.changes.frame(comment_id, data))
        history.sort(key=lambda frame: frame.event_id)
        self._open(history, changes.ended)

    def open_incomplete(self) -> None:
        """Goes live with what there is: the store cannot be read."""
        self.incomplete = True
        self._open([], None)

    def catch_up(self, comments: Sequence[Comment], *, complete: bool, changes: Changes = NO_CHANGES) -> int:
        """Publishes what ``open_incomplete`` went live without, of that the newest ``MAX_LATE``, ahead of all that
        comes from now on. Returns how many there were."""
        if not self.incomplete:
            return 0
        self.incomplete = False
        newest = comments[-MAX_LATE:]
        if newest:
            self._complete_from = 0 if complete and len(newest) == len(comments) else newest[0][0]
        late = self._mend_all((comment for comment in newest if not self.channel.has(comment[0])), changes)
        self.channel.flush()
        return late

    def reaches(self, comment_id: int) -> bool:
        """The ring has every comment with a greater id than this."""
        return not self.incomplete and comment_id >= max(self._complete_from - 1, self.channel.greatest_evicted)

    def reaches_changes(self, event_id: int) -> bool:
        """The ring has every edit and deletion with a greater id than this."""
        return not event_id or event_id >= max(self._changes_after, self.channel.greatest_change_evicted)

    def deliver(self, item: Item) -> None:
        """Takes an event or a head; repeats are dropped."""
        if self._held is None:
            self._take(item)
        elif len(self._held) < self._max_held:
            self._held.append(item)
        else:
            self.release(HoldReason.FULL)
            self._take(item)

    def merge(self, comments: Iterable[Comment], changes: Changes = NO_CHANGES) -> int:
        """Publishes those that should have come live and have not. Returns how many. ``changes`` were read later."""
        oldest_due = max(self.covered_to + 1, self._opened_from)
        missed = (comment for comment in comments if comment[0] >= oldest_due and not self.channel.has(comment[0]))
        return self._mend_all(missed, changes)

    def end(self, event_id: int) -> None:
        """The video has ended: nothing follows but what is held. ``event_id`` 0: not known. Idempotent."""
        if not self.ended and self._ending is None:
            self._ending = event_id
            if self._held is None:
                self._end()

    def doubt(self, since: int) -> None:
        """Something with an id after ``since`` may be missing though no event says so: has the store asked.

        Nothing is held meanwhile.
        """
        if not self.channel.live:
            return
        self._hole.doubt(max(since, self.covered_to))
        if not self.repairing:
            self.repairing = True
            self._on_hole(self)

    def take_hole(self) -> Hole | None:
        """The hole as it now stands; whoever takes it mends it or puts it back."""
        return self._hole.take()

    def put_back(self, hole: Hole) -> None:
        """The hole could not be mended yet."""
        self._hole.put_back(hole)

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
        self._changes_after = max(self._changes_after, self.channel.newest_id or 0, self.newest_change_id)
        self._metrics.resyncs.labels(reason).inc(self.channel.viewers)
        self.channel.publish(frames.resync_frame(hole.since, reason))

    def release(self, reason: HoldReason) -> None:
        """Lets what is held go on. Nothing is held again while ``repairing``."""
        held, self._held = self._held, None
        if held:
            self._metrics.released.labels(reason).inc(len(held))
        for item in held or ():
            self._take(item)
        if self._held is None and self._ending is not None:
            self._end()

    def _open(self, history: Sequence[frames.Frame], ended: int | None) -> None:
        self.channel.seed(history)
        self.opened = True
        self._ending = ended
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
            self._hole.claim(since, item.origin, claim)
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
                self._remember_mended(comment_id)
        return mended

    def _remember_mended(self, event_id: int) -> None:
        self._mended[event_id] = None
        if len(self._mended) > MAX_MENDED:
            del self._mended[next(iter(self._mended))]

    def _publish(self, event: event_pb2.Event) -> None:
        self._chains.advance(event.origin, event.event_id)
        self._mended.pop(event.event_id, None)
        if event.kind == event_pb2.Event.KIND_COMMENT:
            self._publish_comment(event.event_id, event.data)
        elif event.kind == event_pb2.Event.KIND_END:
            self.end(event.event_id)
        elif event.kind == event_pb2.Event.KIND_REACTIONS:
            self._react(event)
        elif (change := _change(event)) is not None:
            self._publish_change(change)
        else:
            self.channel.publish(frames.encode(_KINDS[event.kind], event.data, event.event_id))

    def _publish_comment(self, comment_id: int, data: bytes) -> bool:
        refusal = self.changes.refusal(comment_id)
        if refusal is None and comment_id < self._opened_from:
            refusal = DropReason.TOO_OLD
        if refusal is not None:
            self.channel.forgo(comment_id, refusal)
            return False
        return self.channel.publish(self.changes.frame(comment_id, data))

    def _react(self, event: event_pb2.Event) -> None:
        try:
            change = parse_change(event.data)
        except ValueError as error:
            self._metrics.dropped.labels(DropReason.MALFORMED).inc()
            structlog.get_logger().warning("event_malformed", reason=DropReason.MALFORMED, detail=str(error))
            return
        self.channel.react(event.event_id, change)

    def _publish_change(self, change: Change) -> bool:
        if not self._note(change):
            self.channel.forgo(change.change_id, DropReason.STALE_EDIT)
            return False
        self._rewrite(change)  # first: what has not gone out yet goes as it now stands, or not at all
        return self.channel.publish(self.channel.with_totals(change.comment_id, change.frame()))

    def _rewrite(self, change: Change) -> None:
        self.channel.replace(change.comment_id, change.comment_frame())

    def _mend_all(self, comments: Iterable[Comment], changes: Changes) -> int:
        mended = self._mend_changes(changes.changes)
        if not self.ended:
            mended += self._mend(comments)
        if changes.ended is not None:
            self.end(changes.ended)
        return mended

    def _mend_changes(self, changes: Iterable[Change]) -> int:
        mended = 0
        for change in changes:
            if change.change_id <= self.covered_to or self.channel.has(change.change_id):
                if self._note(change):
                    self._rewrite(change)
            elif self._publish_change(change):
                self._remember_mended(change.change_id)
                mended += 1
        return mended

    def _note(self, change: Change) -> bool:
        self.newest_change_id = max(self.newest_change_id, change.change_id)
        forgotten = self.changes.forgotten
        noted = self.changes.note(change)
        self._metrics.changes_forgotten.inc(self.changes.forgotten - forgotten)
        return noted

    def _end(self) -> None:
        event_id, self._ending = self._ending, None
        self.ended = True
        self.channel.publish(frames.end_frame(event_id or 0))
        self._on_end(self)


def _change(event: event_pb2.Event) -> Change | None:
    """The edit or deletion that an event tells of; None for others, and for one that names no comment."""
    kind = _KINDS.get(event.kind, "")
    if kind not in frames.CHANGES:
        return None
    change = change_of(event.event_id, kind, event.data)
    if change is None:
        structlog.get_logger().warning("event_without_comment_id", video=event.live_video_id, kind=kind)
    return change
