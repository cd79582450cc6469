"""Ring, groups and laggards against a model, under any order of joins, publishes, slices, short sends, room, leaves
and evictions: what each viewer got is always exactly what it should have got."""

from __future__ import annotations

import json
import random
import re
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from prometheus_client import CollectorRegistry

from rms import frames
from rms.channel import Channel
from rms.channel_limits import ChannelLimits
from rms.encoders import EncoderLimits, Encoders
from rms.frames import Frame
from rms.metrics import RmsMetrics
from rms.pump import Pump
from rms.reaction_totals import Totals, TotalsChange
from rms.reasons import CloseReason
from rms.viewer import Viewer
from rms.wheel import Wheel
from tests.support.examples import examples
from tests.unit.rms.fake_link import ENDLESS, FakeLink, FakeViewer
from tests.unit.rms.fake_time import FakeTime

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"
RETRY = b"retry: 1000\n\n"
OPENING = HEAD + RETRY
# Said again and again, so that what is compressed refers back as far as it may.
PHRASES = [random.Random(number).randbytes(60).hex().encode() for number in range(8)]
LIMITS = ChannelLimits(
    max_frames=8, max_bytes=900, recent_ids=12, group_size=2, chunk_bytes=120, stalled_after_s=20, heartbeat_after_s=15
)


def plain(data: bytes) -> bytes:
    """A comment's frame without the totals of its reactions, which may be newer than it."""
    return re.sub(rb'"reactions":\{[^}]*\}', b"", data)


class Expectation:
    """What one viewer must get: the opening, its first page, then the stream from a position on.

    ``known``: what it is told of reactions to the video right after the opening.
    """

    def __init__(self, viewer: FakeViewer, page: list[int], position: int, known: bytes = b"") -> None:
        self.viewer = viewer
        self.page = page
        self.position = position
        self.opening = OPENING + known

    def totals(self) -> dict[int, Totals] | None:
        """Of the comments that it got, what it was told last; None where it was told to read the rest by REST."""
        told: dict[int, Totals] = {}
        for piece in self.viewer.text[len(self.opening) :].split(b"\n\n"):
            if piece.startswith(b"event: resync"):
                return None
            if piece.startswith(b"event: reactions"):
                comments = json.loads(piece.partition(b"data: ")[2])["comments"]
                told |= {int(key): totals for key, totals in comments.items() if int(key) in told}
            elif found := re.search(rb'id: (\d+)\n.*"reactions":(\{[^}]*\})', piece):
                told[int(found[1])] = json.loads(found[2])
        return told

    def check(self, stream: list[Frame], removed: set[int], *, complete: bool = False) -> None:
        """``stream`` is the canonical stream from position 0 on; ``removed`` what may be left out of it."""
        received = self.viewer.text
        assert self.opening.startswith(received[: len(self.opening)])
        position_of = {plain(frame.data): at for at, frame in enumerate(stream)}
        page = list(self.page)
        position = self.position
        resyncs: list[int] = []
        *whole, begun = received[len(self.opening) :].split(b"\n\n")
        assert not begun or self.viewer.laggard or self.viewer.closed, "who is up to date has whole frames"
        for piece in whole:
            data = piece + b"\n\n"
            if data == frames.HEARTBEAT.data:
                continue
            if data.startswith(b"event: resync"):
                resyncs.append(int(json.loads(piece.partition(b"data: ")[2])["after"]))
                continue
            at = position_of[plain(data)]
            if resyncs:
                # What was deleted before its turn counts as had, and so does what a first page leaves out.
                starts = [at for at in page if at not in removed][:1] or [position]
                had = {*removed, *range(page[0] if page else position, starts[0])}
                while starts[-1] in had:
                    starts.append(starts[-1] + 1)
                starts += page[:1]
                assert any(covered(stream, resyncs, start, at) for start in starts)
                resyncs, page, position = [], [], at
            while page and page[0] in removed and at != page[0]:
                page.pop(0)
            while not page and position < at and position in removed:
                position += 1
            assert at == (page[0] if page else position), "each frame once, in order, none left out"
            if page:
                page.pop(0)
            else:
                position = at + 1
        if complete and not resyncs:
            assert not [at for at in page if at not in removed]
            assert not [at for at in range(position, len(stream)) if at not in removed]


def covered(stream: list[Frame], resyncs: list[int], start: int, end: int) -> bool:
    """Whoever reads by REST what the cursors say has all from ``start`` to ``end``, and the cursors are the best."""
    if len(resyncs) == 1:
        return resyncs[0] == resync_cursor(stream, start, end)
    return any(
        resyncs[0] == resync_cursor(stream, start, middle) and covered(stream, resyncs[1:], middle, end)
        for middle in range(start + 1, end)
    )


def resync_cursor(stream: list[Frame], missed_from: int, resumed_at: int) -> int:
    """The greatest id that the viewer got or chose not to get, less where one of the missed is smaller."""
    got = [frame.event_id for frame in stream[:missed_from] if frame.kind == frames.COMMENT]
    missed = [frame.event_id for frame in stream[missed_from:resumed_at] if frame.kind == frames.COMMENT]
    return min([max(got, default=0), *(event_id - 1 for event_id in missed)])


class FanOut(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.time = FakeTime()
        self.wheel = Wheel(slot_s=1.0)
        self.metrics = RmsMetrics(CollectorRegistry())
        self.encoders = Encoders(
            self.metrics, EncoderLimits(min_viewers=1, window_bits=9), clock=self.time, cpu=lambda: 0.0
        )
        self.channel = Channel(
            "match-42",
            pump=Pump(loop=self.time),
            wheel=self.wheel,
            metrics=self.metrics,
            limits=LIMITS,
            encoders=self.encoders,
            on_detach=self.on_detach,
            clock=self.time,
        )
        self.links = [FakeLink(), FakeLink()]
        self.viewers: list[Expectation] = []
        self.left: list[tuple[Expectation, CloseReason]] = []
        self.accepted: list[Frame] = []
        self.stream: list[Frame] = []
        self.counts: list[Frame] = []
        self.counts_went_at: list[float] = []
        self.likes = 0
        self.totals: dict[int, tuple[int, Totals]] = {}
        self.reactions_went_at: list[float] = []
        self.removed: set[int] = set()
        self.serial = 0
        self.ended = False
        self._record_the_stream()

    def _record_the_stream(self) -> None:
        ring = self.channel._ring
        append = ring.append

        def recorded(frame: Frame) -> None:
            if frame.kind == frames.VIEWERS:
                self.counts_went_at.append(self.time())
            elif frame.kind == frames.REACTIONS:
                self.reactions_went_at.append(self.time())
            self.stream.append(frame)
            append(frame)

        ring.append = recorded  # type: ignore[method-assign]

    def on_detach(self, viewer: Viewer, reason: CloseReason) -> None:
        gone = next(expectation for expectation in self.viewers if expectation.viewer is viewer)
        self.viewers.remove(gone)
        self.left.append((gone, reason))

    def frame(self, kind: str, event_id: int, size: int) -> Frame:
        self.serial += 1
        phrase = PHRASES[self.serial % len(PHRASES)] * 4
        return frames.encode(kind, b'%d "reactions":{} %s' % (self.serial, phrase[:size]), event_id)

    @initialize(count=st.integers(0, 12), audience=st.lists(st.booleans(), max_size=4))
    def seed(self, count: int, audience: list[bool]) -> None:
        history = [self.frame(frames.COMMENT, 1000 + 10 * n, 10) for n in range(count)]
        self.accepted += history[-LIMITS.max_frames :]
        self.channel.seed(history)
        for gzip in audience:
            self.join(link=0, backlog=3, room=ENDLESS, gzip=gzip)

    @precondition(lambda self: not self.ended)
    @rule(step=st.integers(-30, 40), size=st.sampled_from([0, 10, 100, 400]))
    def publish_comment(self, step: int, size: int) -> None:
        event_id = max(1, (self.channel.newest_id or 2000) + step)
        frame = self.frame(frames.COMMENT, event_id, size)
        if self.channel.publish(frame):
            assert event_id not in [old.event_id for old in self.accepted]
            self.accepted.append(frame)

    @precondition(lambda self: not self.ended)
    @rule(count=st.integers(1, 2 * LIMITS.max_frames), size=st.sampled_from([10, 60, 100, 200]))
    def talk(self, count: int, size: int) -> None:
        """Comments that go out one by one, and may be more than a laggard can wait for."""
        for _ in range(count):
            self.publish_comment(step=3, size=size)
            while self.channel.step():
                pass

    @precondition(lambda self: not self.ended)
    @rule(step=st.integers(-30, 40), told=st.booleans(), gzip=st.booleans(), data=st.data())
    def react(self, step: int, told: bool, gzip: bool, data: st.DataObject) -> None:
        """To the video, and to comments that went out, that are about to, or that were never heard of."""
        event_id = max(1, (self.channel.newest_id or 2000) + step)
        comments = [frame.event_id for frame in self.accepted[-6:] if frame.kind == frames.COMMENT]
        reacted = data.draw(st.sets(st.sampled_from([*comments, 7]), max_size=3))
        totals = {comment_id: {"like": data.draw(st.integers(1, 3))} for comment_id in reacted}
        if self.channel.react(event_id, TotalsChange({"like": self.likes + 1}, totals)):
            self.likes += 1
            for comment_id in reacted:
                newest = self.totals.get(comment_id, (0, {}))
                self.totals[comment_id] = max(newest, (event_id, totals[comment_id]), key=lambda known: known[0])
        if told:
            self.time_passes(2)
            while self.channel.step():
                pass
            self.join(link=1, backlog=5, room=ENDLESS, gzip=gzip)

    @precondition(lambda self: not self.ended)
    @rule(size=st.sampled_from([0, 60]))
    def publish_viewers(self, size: int) -> None:
        frame = self.frame(frames.VIEWERS, 0, size)
        assert self.channel.publish(frame)
        self.counts.append(frame)

    @precondition(lambda self: self.accepted and not self.ended)
    @rule(data=st.data())
    def publish_a_repeat(self, data: st.DataObject) -> None:
        repeated = data.draw(st.sampled_from(self.accepted))
        if repeated.event_id:
            assert not self.channel.publish(repeated)

    @precondition(lambda self: not self.ended and len(self.stream) > 12)
    @rule()
    def end(self) -> None:
        frame = frames.end_frame(10**9)
        assert self.channel.publish(frame)
        self.accepted.append(frame)
        self.ended = True

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        comments = [at for at, frame in enumerate(self.stream) if frame.kind == frames.COMMENT]
        if comments:
            at = data.draw(st.sampled_from(comments))
            self.channel.replace(self.stream[at].event_id, None)
            self.removed.add(at)

    @rule(
        link=st.integers(0, 1),
        backlog=st.integers(0, 5),
        room=st.sampled_from([ENDLESS, ENDLESS, 0, 10, len(OPENING), 60, 100, 200]),
        gzip=st.booleans(),
    )
    def join(self, link: int, backlog: int, room: int, gzip: bool) -> None:
        viewer = self.links[link].viewer(room, head_bytes=len(HEAD))
        first = self.channel._ring.first
        comments = [
            at
            for at, frame in enumerate(self.stream)
            if at >= first and at not in self.removed and frame.kind == frames.COMMENT
        ]
        counts = [at for at, frame in enumerate(self.stream) if frame.kind == frames.VIEWERS]
        page = counts[-1:] + (comments[-backlog:] if backlog else [])
        if self.stream and self.stream[-1].kind == frames.END:
            page.append(len(self.stream) - 1)
        known = frames.encode(frames.REACTIONS, b'{"video":{"like":%d},"comments":{}}' % self.likes).data
        self.viewers.append(Expectation(viewer, page, len(self.stream), known if self.likes else b""))
        self.channel.join(viewer, RETRY, backlog=backlog, head=HEAD, gzip=gzip)

    @rule(link=st.integers(0, 1), room=st.sampled_from([ENDLESS, 0, 50, 120]), gzip=st.booleans(), data=st.data())
    def resume(self, link: int, room: int, gzip: bool, data: st.DataObject) -> None:
        comments = [frame.event_id for frame in self.stream if frame.kind == frames.COMMENT]
        if not comments:
            return
        position = self.channel.position_after(data.draw(st.sampled_from(comments)))
        if position is not None:
            viewer = self.links[link].viewer(room, head_bytes=len(HEAD))
            self.viewers.append(Expectation(viewer, [], position))
            self.channel.resume(viewer, RETRY, position=position, head=HEAD, gzip=gzip)

    @rule(min_viewers=st.sampled_from([1, 1, 3, 100]))
    def compressing_becomes_cheap_or_dear(self, min_viewers: int) -> None:
        self.encoders.min_viewers = min_viewers

    @rule()
    def send_a_slice(self) -> None:
        self.channel.step()

    @precondition(lambda self: self.viewers)
    @rule(data=st.data(), room=st.sampled_from([1, 7, 40, 150, 1000, ENDLESS]))
    def room(self, data: st.DataObject, room: int) -> None:
        data.draw(st.sampled_from(self.viewers)).viewer.give_room(room)

    @precondition(lambda self: self.viewers)
    @rule(data=st.data())
    def stop_reading(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.viewers)).viewer.room = 0

    @precondition(lambda self: self.viewers)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        self.channel.detach(data.draw(st.sampled_from(self.viewers)).viewer, CloseReason.HUNG_UP)

    @rule(link=st.integers(0, 1))
    def link_fills_up(self, link: int) -> None:
        self.links[link].busy = True

    @rule(link=st.integers(0, 1))
    def link_drains(self, link: int) -> None:
        self._drain(self.links[link])

    def _drain(self, link: FakeLink) -> None:
        if link.busy:
            link.busy = False
            self.channel._audience.on_link_ready()
            for expectation in list(self.viewers):
                expectation.viewer.give_room(0)

    @rule(seconds=st.integers(1, 30))
    def time_passes(self, seconds: int) -> None:
        for _ in range(seconds):
            self.time.now += 1
            self.wheel.advance()

    @invariant()
    def everyone_has_what_is_due(self) -> None:
        for expectation in [*self.viewers, *(gone for gone, _ in self.left)]:
            expectation.check(self.stream, self.removed)

    @invariant()
    def the_stream_is_what_was_published(self) -> None:
        went = [frame for frame in self.stream if frame.kind not in (frames.VIEWERS, frames.REACTIONS)]
        published = [*went, *self.channel._gathered]
        assert sorted(map(key, published)) == sorted(map(key, self.accepted)) or self.removed
        assert len(published) == len(self.accepted)

    @invariant()
    def of_the_counts_the_newest_goes_and_not_too_often(self) -> None:
        positions = [self.counts.index(frame) for frame in self.stream if frame.kind == frames.VIEWERS]
        assert positions == sorted(set(positions))
        if self.channel._riders._viewers is not None:
            assert self.channel._riders._viewers is self.counts[-1]
        elif self.counts:
            assert positions[-1] == len(self.counts) - 1
        assert all(later - at >= LIMITS.viewers_gap_s for at, later in pairwise(self.counts_went_at))

    @invariant()
    def reactions_do_not_go_too_often(self) -> None:
        assert all(later - at >= LIMITS.reactions_gap_s for at, later in pairwise(self.reactions_went_at))

    @invariant()
    def counts_and_bounds_hold(self) -> None:
        assert self.channel.viewers == len(self.viewers)
        assert self.metrics.viewers._value.get() == len(self.viewers)
        assert self.metrics.laggards._value.get() == self.channel.laggards
        assert self.metrics.gzip_viewers._value.get() == sum(each.viewer.gzip for each in self.viewers)
        assert len(self.encoders) <= 1
        ring = self.channel._ring
        assert ring.end - ring.first <= LIMITS.max_frames
        assert ring.size_bytes <= LIMITS.max_bytes
        for expectation in self.viewers:
            laggard = expectation.viewer.laggard
            assert (laggard is None) != (expectation.viewer.group is None)
            if laggard is not None:
                assert len(laggard._tail) <= 1000, "the rest of a frame, or of a block of those that the ring holds"
                assert ring.first <= laggard.position <= ring.end

    def teardown(self) -> None:
        """Once there is room everywhere and nothing is published, everyone has everything."""
        for link in self.links:
            self._drain(link)
        for _ in range(3):
            while self.channel.step():
                pass
            for expectation in list(self.viewers):
                expectation.viewer.give_room(ENDLESS)
            self.time_passes(2)  # totals that wait go alone
        assert self.channel.laggards == 0
        for expectation in self.viewers:
            expectation.check(self.stream, self.removed, complete=True)
            self._check_totals(expectation)
        for expectation, reason in self.left:
            if reason is CloseReason.ENDED:
                expectation.check(self.stream, self.removed, complete=True)
        assert not (self.ended and self.viewers)

    def _check_totals(self, expectation: Expectation) -> None:
        told = expectation.totals()
        if told is not None:
            newest = {comment_id: totals for comment_id, (_, totals) in self.totals.items() if comment_id in told}
            assert told | newest == told


def key(frame: Frame) -> tuple[str, int, bytes]:
    return frame.kind, frame.event_id, plain(frame.data)


def test_every_viewer_gets_exactly_its_stream() -> None:
    run_state_machine_as_test(
        FanOut, settings=settings(max_examples=examples(40), stateful_step_count=40, deadline=None)
    )
