"""Streams, groups and windows against a model of the peer: whatever the order of joins, flushes, window updates,
resets and a way out that is full, each viewer gets a prefix of the stream, no window is exceeded, and nobody who has
room in the end is forgotten."""

from __future__ import annotations

from dataclasses import dataclass, field

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

from rms.batch import Batch
from rms.frames import Frame
from rms.links import Group
from rms.links.h2_frames import DATA, DEFAULT_WINDOW, END_STREAM, MAX_WINDOW, PREFACE, RST_STREAM, FrameReader
from rms.links.h2_streams import H2Streams
from rms.links.h2_viewers import H2Viewer
from rms.reasons import CloseReason
from rms.viewer import Viewer
from tests.support.examples import examples

GROUP_SIZE = 3
CHUNK = 400
CHOKE = 500
MAX_BUFFERED = 1500
HEADS = 9 * 20  # frame heads are not counted as room


@dataclass
class Far:
    """The far end of one stream."""

    begins_at: int
    window: int
    received: bytearray = field(default_factory=bytearray)
    ended: bool = False
    gone: bool = False


class Peer:
    """Reads what is written, frame by frame, with accounts of its own; and the way there, which takes what it may."""

    def __init__(self) -> None:
        self.streams: H2Streams
        self.far: dict[int, Far] = {}
        self.window = DEFAULT_WINDOW
        self.buffered = 0
        self.max_frame = 0
        self._reader = FrameReader()
        list(self._reader.feed(PREFACE))

    def write(self, data: bytes) -> None:
        self.buffered += len(data)
        for kind, flags, stream_id, payload in self._reader.feed(data):
            far = self.far[stream_id]
            assert not far.ended, "nothing comes after the end"
            assert not far.gone, "nothing is sent to who has gone"
            if kind == DATA:
                self.window -= len(payload)
                far.window -= len(payload)
                assert not payload or (far.window >= 0 and self.window >= 0), "a window is exceeded"
                far.received += payload
                far.ended = bool(flags & END_STREAM)
            else:
                assert kind == RST_STREAM
                far.gone = True
        if self.buffered > CHOKE:
            self.streams.choke()

    def drain(self, count: int) -> None:
        self.buffered = max(0, self.buffered - count)
        if self.buffered <= CHOKE // 4:
            self.streams.unchoke()


class OneLink(RuleBasedStateMachine):
    """The rules play the channel's part as well: groups at positions, laggards with their own."""

    def __init__(self) -> None:
        super().__init__()
        self.peer = Peer()
        self.woken = False
        self.streams = H2Streams(self, self.peer, max_buffered_bytes=MAX_BUFFERED, wake=self.wake)
        self.peer.streams = self.streams
        self.stream = b""
        self.viewers: list[H2Viewer] = []
        self.groups: list[Group] = []
        self.place: dict[Viewer, int] = {}  # of laggards
        self.next_id = 1
        self.passed_over: list[Group] = []
        """Groups that found their link busy, to be told when it is no longer."""

    def wake(self) -> None:
        self.woken = True

    # -- the channel's part

    def on_room(self, viewer: Viewer) -> bool:
        piece = self.stream[self.place[viewer] :][:CHUNK]
        self.place[viewer] += viewer.offer(piece)
        if self.place[viewer] < len(self.stream):
            return True
        self.to_front(viewer)
        return False

    def detach(self, viewer: Viewer, reason: CloseReason) -> None:
        raise AssertionError("the pure part reports no ends")

    def on_link_ready(self) -> None:
        assert not self.streams.busy
        self.passed_over = []

    def to_front(self, viewer: Viewer) -> None:
        self.place.pop(viewer, None)
        for group in self.groups:
            if group.position == len(self.stream) and len(group) < GROUP_SIZE:
                break
        else:
            group = viewer.open_group()
            group.position = len(self.stream)
            self.groups.append(group)
        viewer.group = group
        group.add(viewer)

    def displace(self, viewer: Viewer) -> None:
        self.place.pop(viewer, None)
        if viewer.group is not None:
            viewer.group.discard(viewer)
            viewer.group = None

    # -- rules

    @initialize(window=st.sampled_from([0, 100, 300, DEFAULT_WINDOW]), connection=st.sampled_from([0, 5000, 1 << 30]))
    def windows(self, window: int, connection: int) -> None:
        self.set_initial_window(window)
        if connection:
            self.raise_connection_window(connection)

    @rule(pages=st.lists(st.sampled_from([0, 0, 50, 300]), min_size=1, max_size=4))
    def join(self, pages: list[int]) -> None:
        for page in pages:
            self.join_one(page)

    def join_one(self, page: int) -> None:
        stream_id, self.next_id = self.next_id, self.next_id + 2
        begins_at = max(0, len(self.stream) - page)
        self.peer.far[stream_id] = Far(begins_at, self.streams.initial_window)
        viewer = self.streams.open(stream_id)
        viewer.audience = self
        self.viewers.append(viewer)
        self.place[viewer] = begins_at + viewer.offer(self.stream[begins_at:])
        if self.place[viewer] == len(self.stream):
            self.to_front(viewer)
        else:
            viewer.await_room()

    @rule(sizes=st.lists(st.sampled_from([1, 30, 100, 400]), min_size=1, max_size=6), flushes=st.booleans())
    def publish(self, sizes: list[int], flushes: bool) -> None:
        for size in sizes:
            self.stream += bytes(len(self.stream) % 251 for _ in range(size))
            if flushes:
                self.flush()

    def flush(self) -> None:
        for group in self.groups:
            if group.busy:
                self.passed_over.append(group)
                continue
            if group.position == len(self.stream) or not len(group):
                continue
            payload = self.stream[group.position :]
            windows = {viewer: self.peer.far[_id(viewer)].window for viewer in group.viewers()}
            room = self.streams.room
            begins_at, group.position = group.position, len(self.stream)
            short = group.send(Batch([Frame("comment", 0, payload)], [0], 1))
            if room >= len(payload) * len(windows):
                expected = [(viewer, max(0, n)) for viewer, n in windows.items() if n < len(payload)]
                assert short == expected, "all that the windows let through, and no less"
            for viewer, taken in short:
                self.displace(viewer)
                self.place[viewer] = begins_at + taken
                viewer.await_room()
        self.groups = [group for group in self.groups if len(group)]

    @precondition(lambda self: self.viewers)
    @rule(data=st.data(), increment=st.sampled_from([1, 50, 400, 3000]))
    def raise_window(self, data: st.DataObject, increment: int) -> None:
        viewer = data.draw(st.sampled_from(self.viewers))
        self.peer.far[viewer.stream_id].window += increment
        self.streams.raise_window(viewer.stream_id, increment)

    @rule(increment=st.sampled_from([10, 1000, 100_000]))
    def raise_connection_window(self, increment: int) -> None:
        if self.peer.window + increment <= MAX_WINDOW:
            self.peer.window += increment
            self.streams.raise_connection_window(increment)

    @rule(size=st.sampled_from([0, 20, 200, 1000]))
    def set_initial_window(self, size: int) -> None:
        for far in self.peer.far.values():
            far.window += size - self.streams.initial_window
        self.streams.set_initial_window(size)

    @rule(size=st.sampled_from([64, 150, 16_384]))
    def set_max_frame(self, size: int) -> None:
        self.streams.max_frame_bytes = size

    @rule(count=st.integers(0, 2000))
    def drain(self, count: int) -> None:
        self.peer.drain(count)

    @precondition(lambda self: self.viewers)
    @rule(data=st.data())
    def reset_by_peer(self, data: st.DataObject) -> None:
        viewer = data.draw(st.sampled_from(self.viewers))
        assert self.streams.forget(viewer.stream_id) is viewer
        self.peer.far[viewer.stream_id].gone = True
        self.leave(viewer)

    @precondition(lambda self: self.viewers)
    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        viewer = data.draw(st.sampled_from(self.viewers))
        self.leave(viewer)
        assert self.peer.far[viewer.stream_id].ended

    def leave(self, viewer: H2Viewer) -> None:
        self.displace(viewer)
        self.viewers.remove(viewer)
        viewer.audience = None
        viewer.close()
        viewer.close()
        assert viewer.closed
        assert viewer.offer(b"x") == 0

    @rule(turns=st.integers(1, 10))
    def serve(self, turns: int) -> None:
        while self.woken and turns:
            self.woken = self.streams.serve()
            turns -= 1

    # -- what always holds

    @invariant()
    def each_has_a_prefix_of_what_it_should_get(self) -> None:
        for far in self.peer.far.values():
            assert self.stream.startswith(bytes(far.received), far.begins_at)

    @invariant()
    def each_has_what_the_channel_thinks(self) -> None:
        for viewer in self.viewers:
            far = self.peer.far[viewer.stream_id]
            place = self.place[viewer] if viewer.group is None else viewer.group.position
            assert far.begins_at + len(far.received) == place
            assert viewer.window == far.window

    @invariant()
    def what_waits_is_bounded(self) -> None:
        assert self.peer.buffered <= MAX_BUFFERED + HEADS * 100
        assert self.streams.window == self.peer.window

    @invariant()
    def who_was_passed_over_is_told(self) -> None:
        assert self.streams.busy or not any(map(len, self.passed_over))

    @invariant()
    def who_waits_and_has_room_is_served(self) -> None:
        waiting = any(viewer.awaits_room and viewer.window > 0 for viewer in self.viewers)
        assert self.woken or self.streams.busy or not waiting

    def teardown(self) -> None:
        """Everyone reads: everyone gets everything."""
        self.raise_connection_window(1 << 28)
        for viewer in self.viewers:
            self.peer.far[viewer.stream_id].window += 1 << 20
            self.streams.raise_window(viewer.stream_id, 1 << 20)
        for _ in range(200):
            self.drain(1 << 20)
            self.serve(100)
            self.flush()
        for viewer in self.viewers:
            far = self.peer.far[viewer.stream_id]
            assert bytes(far.received) == self.stream[far.begins_at :]


def _id(viewer: Viewer) -> int:
    assert isinstance(viewer, H2Viewer)
    return viewer.stream_id


def test_one_link() -> None:
    run_state_machine_as_test(
        OneLink, settings=settings(max_examples=examples(80), stateful_step_count=30, deadline=None)
    )
