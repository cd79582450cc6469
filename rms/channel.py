"""One video on one RMS: its canonical stream, and the audience that gets it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from coordination.ids import id_maker
from rms.audience import Audience
from rms.channel_limits import ChannelLimits
from rms.compress import opening as gzip_opening
from rms.encoders import Encoders
from rms.first_pages import FirstPages
from rms.frames import COMMENT, END, Frame
from rms.gathered import Gathered
from rms.metrics import RmsMetrics
from rms.pump import Pump
from rms.reaction_totals import Totals, TotalsChange, restated
from rms.reasons import CloseReason, DropReason, FlushCause
from rms.recent_ids import RecentIds
from rms.rider_timer import RiderTimer
from rms.riders import RIDERS, Riders
from rms.ring import Ring
from rms.viewer import Viewer
from rms.wheel import Wheel


class Channel:
    """Events come in by ``publish``, gather while the pump is busy, and go out together: a flush. Counts of viewers
    and totals of reactions make none by themselves, but for when none comes for too long.

    All methods are for the event loop's thread, and none blocks. ``on_detach(viewer, reason)`` is called after a
    viewer has left, whoever ended it.
    """

    def __init__(
        self,
        video: str,
        *,
        pump: Pump,
        wheel: Wheel,
        metrics: RmsMetrics,
        limits: ChannelLimits | None = None,
        encoders: Encoders | None = None,
        on_detach: Callable[[Viewer, CloseReason], None] = lambda viewer, reason: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.video = video
        self._pump = pump
        self._wheel = wheel
        self._metrics = metrics
        self._limits = limits or ChannelLimits()
        self._clock = clock
        self._ring = Ring(self._limits.max_frames, self._limits.max_bytes)
        self._recent = RecentIds(self._limits.recent_ids)
        self._gathered = Gathered()
        self._riders = Riders(self._limits)
        self._rider_timer = RiderTimer(self._riders, wheel, clock=clock, go=self._have_riders_gone)
        self._unsent_since: float | None = None
        self._sent_at = clock()
        self._newest_id = 0
        self._merged_to = 0  # before this position comments of several writers lie in the order of their ids
        self._first_pages = FirstPages(self._ring)
        self._seeded = self._ended = self._closed = False
        self._audience = Audience(
            self._ring,
            limits=self._limits,
            metrics=metrics,
            encoders=Encoders(metrics) if encoders is None else encoders,
            clock=clock,
            wheel=wheel,
            wake=lambda: pump.schedule(self),
            on_detach=on_detach,
        )

    # -- the stream --------------------------------------------------------------------------------------------

    @property
    def live(self) -> bool:
        """Seeded, and not closed."""
        return self._seeded and not self._closed

    @property
    def closed(self) -> bool:
        """For good."""
        return self._closed

    def seed(self, history: Iterable[Frame]) -> None:
        """Goes live with what was said before; what was published since the channel opened is merged in by id.

        Until then ``publish`` only gathers. To be called once, with () where history cannot be had.
        Raises ``RuntimeError`` the second time.
        """
        if self._seeded:
            raise RuntimeError("a channel is seeded once")
        for frame in history:
            if not self._recent.refusal(frame.event_id):
                self._gather(frame)
        makers = {id_maker(comment_id) for comment_id in self._gathered.comment_ids}
        self._commit()
        self._merged_to = self._ring.end if len(makers) > 1 else 0
        self._seeded = True
        self._wheel.add(self._limits.heartbeat_after_s, self._beat)

    def publish(self, frame: Frame) -> bool:
        """Appends an event to the stream: it goes out with the next flush, in id order with what gathers with it.

        A rider waits for a flush that others make; one that has not gone yet gives way to a newer one.
        ``end`` is the last: every viewer is closed (``ENDED``) once it has it.
        False: the event was dropped and counted (a repeat, too old to tell from one, or after the end).
        """
        refusal = DropReason.ENDED if self._ended else self._recent.refusal(frame.event_id)
        if refusal is not None:
            self._metrics.dropped.labels(refusal).inc()
            return False
        if frame.kind in RIDERS:
            self._metrics.dropped.labels(DropReason.SUPERSEDED).inc(self._riders.add(frame, self._clock()))
            self._rider_timer.look()
            return True
        if frame.kind == END:
            self._ended = True
            self._rider_timer.stop()
        self._gather(frame)
        self._metrics.published.labels(frame.kind).inc()
        if self._seeded:
            self._pump.schedule(self)
        return True

    def react(self, event_id: int, change: TotalsChange) -> bool:
        """Totals of reactions have changed: what of it is news goes with a flush that others make.

        False: the event was dropped and counted, as by ``publish``.
        """
        refusal = DropReason.ENDED if self._ended else self._recent.refusal(event_id)
        if refusal is not None:
            self._metrics.dropped.labels(refusal).inc()
            return False
        self._recent.add(event_id)
        crowded_out = self._riders.react(event_id, change, self._clock())
        self._metrics.dropped.labels(DropReason.CROWDED_OUT).inc(crowded_out)
        self._rider_timer.look()
        return True

    def know_reactions(self, of_video: Totals) -> None:
        """How people had reacted to the video when the channel opened: told to those who join."""
        self._riders.reactions.know(of_video)

    def with_totals(self, comment_id: int, frame: Frame) -> Frame:
        """A frame that shows that comment, with the latest totals of its reactions."""
        totals = self._riders.reactions.of_comment(comment_id)
        return frame if totals is None else restated(frame, totals)

    def has(self, event_id: int) -> bool:
        """The event went out or is about to, so a repeat would be dropped. True for ids too old to tell."""
        return self._recent.refusal(event_id) is not None

    def forgo(self, event_id: int, reason: DropReason) -> None:
        """The event counts as had, and never goes out."""
        if self._recent.refusal(event_id) is None:
            self._recent.add(event_id)
            self._metrics.dropped.labels(reason).inc()

    def replace(self, event_id: int, frame: Frame | None) -> None:
        """From now on the stream gives ``frame`` for that comment, or nothing where None: it was deleted, for good.

        Whoever has not been sent the comment gets it so.
        """
        data = b"" if frame is None else self.with_totals(event_id, frame).data
        self._first_pages.forget()
        if self._ring.replace(event_id, data):
            self._audience.on_rewrite()
        else:
            self._gathered.replace(event_id, data)

    def position_after(self, event_id: int) -> int | None:
        """Where a viewer goes on whose last comment was ``event_id``; None when the ring does not know that.

        It does not where the comment came with the history and not last, so that nobody left here with it, and the
        history is of several writers: another node may have had them in another order.
        """
        position = self._ring.position_after(event_id)
        return None if position is None or position < self._merged_to else position

    def position_since(self, event_id: int) -> int:
        """Where a viewer goes on who is to have every comment and change of the ring with a greater id."""
        return self._ring.position_since(event_id)

    def comments_after(self, event_id: int) -> list[Frame]:
        """The ring's comments with a greater id, in id order; for merging with what a store answered."""
        return self._ring.comments_after(event_id)

    def changes_after(self, event_id: int, *, before: int | None = None) -> list[Frame]:
        """The ring's edits and deletions with a greater id, in id order; only those before a position where given."""
        return self._ring.changes_after(event_id, before=before)

    @property
    def greatest_change_evicted(self) -> int:
        """The same as ``greatest_evicted`` of edits and deletions."""
        return self._ring.greatest_change_evicted

    @property
    def comment_ids(self) -> set[int]:
        """Of the comments in the ring, and of those that go there with the next flush; deleted ones too."""
        return self._ring.comment_ids | self._gathered.comment_ids

    @property
    def change_ids(self) -> set[int]:
        """The same of edits and deletions."""
        return self._ring.change_ids | self._gathered.change_ids

    @property
    def greatest_evicted(self) -> int:
        """The greatest comment id that left the ring; of those with a greater one it has all that came."""
        return self._ring.greatest_evicted

    @property
    def first(self) -> int:
        """The oldest position in the ring."""
        return self._ring.first

    @property
    def end(self) -> int:
        """The position that the stream goes on at with the next flush."""
        return self._ring.end

    @property
    def newest_id(self) -> int | None:
        """The greatest comment id that was published or seeded."""
        return self._newest_id or None

    # -- the audience ------------------------------------------------------------------------------------------

    @property
    def viewers(self) -> int:
        """How many are attached."""
        return len(self._audience)

    @property
    def laggards(self) -> int:
        """How many of them are behind."""
        return self._audience.laggards

    def join(self, viewer: Viewer, opening: bytes, *, backlog: int = 0, head: bytes = b"", gzip: bool = False) -> None:
        """Attaches a viewer: ``opening`` (``retry:``), the last ``backlog`` comments, then live.

        All of it compressed where ``gzip``; before it goes ``head``, as it is, where the link needs a response head.
        Nothing is left out between the backlog and live, and nothing comes twice. A viewer that closed meanwhile
        is ignored. Raises ``RuntimeError`` before ``seed``, ``ValueError`` for a viewer that is attached already.
        After the opening come how people reacted to the video and how many watch, where that is known.
        """
        for known in (self._riders.reactions.of_video, self._riders.latest_viewers):
            opening += b"" if known is None else known.data
        first = self._first_bytes(head, opening, gzip=gzip)
        self._audience.join(viewer, first, self._first_pages.page(backlog, gzip=gzip), gzip=gzip)

    def resume(self, viewer: Viewer, opening: bytes, *, position: int, head: bytes = b"", gzip: bool = False) -> None:
        """Attaches a viewer: ``opening``, then all from ``position`` on, as ``position_after`` gave it in this turn
        of the loop. Raises as ``join``, and ``ValueError`` for a position that the ring does not hold."""
        first = self._first_bytes(head, opening, gzip=gzip)
        if not self._ring.first <= position <= self._ring.end:
            raise ValueError(f"position {position} is not in the ring")
        self._audience.resume(viewer, first, position, gzip=gzip)

    def _first_bytes(self, head: bytes, opening: bytes, *, gzip: bool) -> bytes:
        if not self.live:
            raise RuntimeError("viewers join a channel that is live")
        return head + (gzip_opening(opening) if gzip else opening)

    def detach(self, viewer: Viewer, reason: CloseReason) -> None:
        """Closes a viewer. One that is not attached here is ignored."""
        self._audience.detach(viewer, reason)

    async def close_all(self, reason: CloseReason, final: Callable[[], Frame], *, spread_s: float = 0.0) -> None:
        """Sends every viewer ``final()`` and closes it: some at a time, evenly over ``spread_s``, while what is
        published goes on going out. Who joins meanwhile stays."""
        await self._audience.close_all(reason, final, spread_s)

    def close(self) -> None:
        """Ends the channel; viewers that are still there are closed (``DRAINING``). Idempotent."""
        self._closed = True
        self._rider_timer.stop()
        for viewer in list(self._audience.viewers()):
            self._audience.detach(viewer, CloseReason.DRAINING)
        self._audience.close()

    # -- flushes -----------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """What gathered goes into the ring now, where whoever joins in this turn of the loop finds it."""
        if self._gathered:
            self._flush()

    def step(self) -> bool:
        """One slice of sending, for the pump; True while there is more."""
        if self._closed:
            return False
        if (self._gathered or self._riders.overdue) and not self._audience.sending:
            self._flush()
        sending = self._audience.send_slice()
        if not sending and self._unsent_since is not None:
            self._sent_at = self._clock()
            self._metrics.flush_seconds.observe(self._sent_at - self._unsent_since)
            self._unsent_since = None
        return sending or bool(self._gathered)

    def _have_riders_gone(self) -> None:
        if self._seeded:
            self._riders.overdue = True
            self._pump.schedule(self)

    def _gather(self, frame: Frame) -> None:
        self._recent.add(frame.event_id)
        if frame.kind == COMMENT:
            self._newest_id = max(self._newest_id, frame.event_id)
            frame = self.with_totals(frame.event_id, frame)
        if self._unsent_since is None:
            self._unsent_since = self._clock()
        self._gathered.add(frame)
        if not self._seeded:
            # Nobody has been sent anything yet, so what does not fit in the ring is not missed.
            for shed in self._gathered.shed(self._limits.max_frames, self._limits.max_bytes):
                self._ring.pass_over(shed)
        elif self._too_much_waits:
            # More than a round can wait for: into the ring, so that groups that are too far behind skip to its end.
            self._flush()

    @property
    def _too_much_waits(self) -> bool:
        frames, size_bytes = len(self._gathered) + len(self._riders), self._gathered.size_bytes
        return self._seeded and (frames * 2 >= self._limits.max_frames or size_bytes * 2 >= self._limits.max_bytes)

    def _flush(self) -> None:
        """A round begins: what gathered and the riders go into the ring, and the audience is sent it."""
        now = self._clock()
        self._metrics.flushes.labels(FlushCause.EVENT if self._gathered else FlushCause.RIDER).inc()
        for rider in self._riders.take(now):
            self._metrics.published.labels(rider.kind).inc()
            self._gathered.add(rider)
        self._restate()
        self._rider_timer.look()  # for those that must wait, or did not fit
        if self._unsent_since is None:
            self._unsent_since = now
        self._commit()

    def _restate(self) -> None:
        """From now on the ring's comments come with the totals that viewers are being told."""
        for comment_id, of_comment in self._riders.told.items():
            frame = self._ring.comment(comment_id)
            if frame is not None and (data := restated(frame, of_comment).data) != frame.data:
                self._ring.replace(comment_id, data)

    def _commit(self) -> None:
        """Moves what gathered into the ring, and has the audience sent it."""
        frames = self._gathered.take(self._riders.told)
        self._audience.compress(frames)
        for frame in frames:
            self._ring.append(frame)
        self._first_pages.forget()
        self._audience.make_way()
        self._ring.trim()
        self._audience.closing = self._ended
        self._audience.begin_round()

    def _beat(self) -> float | None:
        if self._closed:
            return None
        silent_s = self._clock() - self._sent_at
        if silent_s < self._limits.heartbeat_after_s:
            return self._limits.heartbeat_after_s - silent_s
        self._sent_at = self._clock()
        self._metrics.flushes.labels(FlushCause.HEARTBEAT).inc()
        self._audience.begin_heartbeat()
        self._pump.schedule(self)
        return self._limits.heartbeat_after_s
