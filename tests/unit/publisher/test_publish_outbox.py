from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from comment_service.publishing.outbox import Lane, PublishOutbox
from livecomments.v1 import event_pb2
from tests.support.examples import examples

NO_LIMIT = 10**9


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outbox(clock: Clock) -> PublishOutbox:
    return PublishOutbox(NO_LIMIT, NO_LIMIT, clock=clock)


def add(outbox: PublishOutbox, video: str, event_id: int, size: int = 1) -> int:
    return outbox.add(video, event_pb2.Event(live_video_id=video, event_id=event_id), size)


def ids(outbox: PublishOutbox, lane: Lane, sequence: int = 1) -> list[int]:
    batch = outbox.take(lane, sequence)
    return [] if batch is None else [event_id(item.message) for item in batch.items]


def event_id(message: object) -> int:
    assert isinstance(message, event_pb2.Event)
    return message.event_id


def test_everything_waits_in_order_for_the_first_dispatcher(outbox: PublishOutbox) -> None:
    for number in range(1, 6):
        add(outbox, f"video-{number % 2}", number)
    assert outbox.parked == 5
    lane = outbox.open_lane("d1", wake=lambda: None)
    assert outbox.parked == 0
    assert ids(outbox, lane) == [1, 2, 3, 4, 5]


def test_a_lane_is_woken_when_something_comes(outbox: PublishOutbox) -> None:
    woken: list[int] = []
    outbox.open_lane("d1", wake=lambda: woken.append(1))
    add(outbox, "v", 1)
    assert woken


def test_videos_spread_over_the_dispatchers_and_each_keeps_to_one(outbox: PublishOutbox) -> None:
    lanes = [outbox.open_lane(name, wake=lambda: None) for name in ("d1", "d2", "d3")]
    for number in range(1, 301):
        add(outbox, f"video-{number % 100}", number)
    videos = []
    for lane in lanes:
        batch = outbox.take(lane, 1)
        assert batch is not None
        videos.append({item.video for item in batch.items})
    assert sum(len(each) for each in videos) == 100
    assert min(len(each) for each in videos) > 15


def test_what_a_broken_stream_had_not_acknowledged_goes_on_before_newer_events(outbox: PublishOutbox) -> None:
    first = outbox.open_lane("d1", wake=lambda: None)
    for number in (1, 2, 3):
        add(outbox, "v", number)
    assert ids(outbox, first) == [1, 2, 3]
    add(outbox, "v", 4)
    second = outbox.open_lane("d2", wake=lambda: None)
    outbox.close_lane(first, died=True)
    add(outbox, "v", 5)
    assert ids(outbox, second) == [1, 2, 3, 4, 5]


def test_a_new_dispatcher_gets_no_video_that_has_events_on_the_way_elsewhere(outbox: PublishOutbox) -> None:
    old = outbox.open_lane("d1", wake=lambda: None)
    videos = [f"video-{number}" for number in range(50)]
    for number, video in enumerate(videos):
        add(outbox, video, number + 1)
    outbox.take(old, 1)
    new = outbox.open_lane("d2", wake=lambda: None)
    for number, video in enumerate(videos):
        add(outbox, video, number + 101)
    assert outbox.take(new, 1) is None
    outbox.acknowledge(old, 1)
    outbox.take(old, 2)
    outbox.acknowledge(old, 2)
    for number, video in enumerate(videos):
        add(outbox, video, number + 201)
    assert new.waiting
    assert old.waiting


def test_what_was_acknowledged_just_before_the_stream_broke_is_sent_again(outbox: PublishOutbox, clock: Clock) -> None:
    """The dispatcher may have died with it in its own outboxes."""
    first = outbox.open_lane("d1", wake=lambda: None)
    add(outbox, "v", 1)
    outbox.take(first, 1)
    outbox.acknowledge(first, 1)
    clock.now += 10
    add(outbox, "v", 2)
    outbox.take(first, 2)
    outbox.acknowledge(first, 2)
    add(outbox, "v", 3)
    clock.now += 1
    outbox.close_lane(first, died=True)
    assert ids(outbox, outbox.open_lane("d2", wake=lambda: None)) == [2, 3]


def test_what_was_acknowledged_is_not_sent_again_when_the_stream_was_closed(outbox: PublishOutbox) -> None:
    first = outbox.open_lane("d1", wake=lambda: None)
    add(outbox, "v", 1)
    outbox.take(first, 1)
    outbox.acknowledge(first, 1)
    outbox.close_lane(first, died=False)
    assert ids(outbox, outbox.open_lane("d2", wake=lambda: None)) == []


def test_a_leaving_dispatcher_gets_no_new_videos(outbox: PublishOutbox) -> None:
    leaving = outbox.open_lane("d1", wake=lambda: None)
    add(outbox, "old", 1)
    staying = outbox.open_lane("d2", wake=lambda: None)
    outbox.retire_lane(leaving)
    for number in range(2, 30):
        add(outbox, f"new-{number}", number)
    add(outbox, "old", 30)
    assert ids(outbox, leaving) == [1, 30]
    assert ids(outbox, staying) == list(range(2, 30))


@pytest.mark.parametrize(("items", "size_bytes"), [(3, NO_LIMIT), (NO_LIMIT, 30)])
def test_over_the_bound_the_oldest_go(clock: Clock, items: int, size_bytes: int) -> None:
    outbox = PublishOutbox(items, size_bytes, clock=clock)
    dropped = 0
    for number in range(1, 6):
        clock.now += 1
        dropped += add(outbox, f"video-{number}", number, size=10)
    assert (dropped, outbox.items, outbox.size_bytes) == (2, 3, 30)
    assert outbox.oldest_age_s == 2
    assert ids(outbox, outbox.open_lane("d1", wake=lambda: None)) == [3, 4, 5]


def test_a_refused_batch_is_given_up_and_the_rest_goes_on(outbox: PublishOutbox) -> None:
    first = outbox.open_lane("d1", wake=lambda: None)
    add(outbox, "v", 1)
    outbox.take(first, 1)
    add(outbox, "v", 2)
    outbox.take(first, 2)
    assert outbox.reject_first(first) == 1
    outbox.close_lane(first, died=True)
    assert ids(outbox, outbox.open_lane("d2", wake=lambda: None)) == [2]


def test_batches_are_bounded(outbox: PublishOutbox) -> None:
    lane = outbox.open_lane("d1", wake=lambda: None)
    for number in range(1, 1502):
        add(outbox, "v", number)
    assert len(ids(outbox, lane, 1)) == 1000
    assert len(ids(outbox, lane, 2)) == 501


class Dispatchers(RuleBasedStateMachine):
    """Dispatchers come, take, acknowledge, leave and die in any order; a video's events keep theirs."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.outbox = PublishOutbox(NO_LIMIT, NO_LIMIT, clock=self.clock)
        self.lanes: list[Lane] = []
        self.sequences: dict[int, int] = {}
        self.opened = 0
        self.published: dict[str, list[int]] = {}
        self.received: dict[str, list[int]] = {}
        self.next_id = 1

    def some_lane(self, pick: int) -> Lane:
        return self.lanes[pick % len(self.lanes)]

    @rule(video=st.sampled_from("abcdef"))
    def publish(self, video: str) -> None:
        add(self.outbox, video, self.next_id)
        self.published.setdefault(video, []).append(self.next_id)
        self.next_id += 1

    @rule()
    def opens(self) -> None:
        self.opened += 1
        lane = self.outbox.open_lane(f"d{self.opened % 3}", wake=lambda: None)
        self.lanes.append(lane)
        self.sequences[id(lane)] = 0

    @precondition(lambda self: self.lanes)
    @rule(pick=st.integers(0, 9))
    def takes(self, pick: int) -> None:
        lane = self.some_lane(pick)
        batch = self.outbox.take(lane, self.sequences[id(lane)] + 1)
        if batch is not None:
            self.sequences[id(lane)] += 1
            for item in batch.items:
                self.received.setdefault(item.video, []).append(event_id(item.message))

    @precondition(lambda self: self.lanes)
    @rule(pick=st.integers(0, 9))
    def acknowledges(self, pick: int) -> None:
        lane = self.some_lane(pick)
        if lane.in_flight:
            self.outbox.acknowledge(lane, lane.in_flight[0].sequence)

    @precondition(lambda self: self.lanes)
    @rule(pick=st.integers(0, 9))
    def retires(self, pick: int) -> None:
        self.outbox.retire_lane(self.some_lane(pick))

    @precondition(lambda self: self.lanes)
    @rule(pick=st.integers(0, 9), died=st.booleans())
    def breaks(self, pick: int, died: bool) -> None:
        lane = self.some_lane(pick)
        self.lanes.remove(lane)
        self.outbox.close_lane(lane, died=died)

    @rule(seconds=st.sampled_from([0.1, 4.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.now += seconds
        self.outbox.forget_settled()

    @invariant()
    def a_video_is_received_in_order(self) -> None:
        for video, received in self.received.items():
            first_times = list(dict.fromkeys(received))
            assert first_times == self.published[video][: len(first_times)]

    @invariant()
    def the_count_is_of_what_is_there(self) -> None:
        lanes = self.lanes
        there = sum(len(lane.waiting) + sum(len(batch.items) for batch in lane.in_flight) for lane in lanes)
        assert self.outbox.items == self.outbox.size_bytes == there + self.outbox.parked

    def teardown(self) -> None:
        for lane in list(self.lanes):
            self.outbox.close_lane(lane, died=False)
        last = self.outbox.open_lane("last", wake=lambda: None)
        take: Callable[[], object] = lambda: self.outbox.take(last, 1)  # noqa: E731
        while take():
            pass
        for batch in last.in_flight:
            for item in batch.items:
                self.received.setdefault(item.video, []).append(event_id(item.message))
        self.a_video_is_received_in_order()
        assert {video: set(got) for video, got in self.received.items()} == {
            video: set(sent) for video, sent in self.published.items()
        }


Dispatchers.TestCase.settings = settings(max_examples=examples(40), stateful_step_count=40, deadline=None)
TestDispatchers = Dispatchers.TestCase
