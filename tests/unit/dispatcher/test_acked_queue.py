from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from dispatcher.acked_queue import AckedQueue, Batch
from dispatcher.item import Item
from livecomments.v1 import event_pb2
from tests.support.examples import examples

NO_LIMIT = 10**9


def item(number: int, size_bytes: int = 10) -> Item:
    return Item("v", event_pb2.Event(live_video_id="v", event_id=number), size_bytes, came_at=float(number))


def numbers(batch: Batch | None) -> list[int]:
    if batch is None:
        return []
    return [each.message.event_id for each in batch.items if isinstance(each.message, event_pb2.Event)]


def test_what_waits_goes_as_one_batch_of_at_most_a_thousand() -> None:
    queue = AckedQueue(NO_LIMIT, NO_LIMIT)
    queue.put([item(number) for number in range(1, 1003)])
    assert numbers(queue.take(1, now=0.0)) == list(range(1, 1001))
    assert numbers(queue.take(2, now=0.0)) == [1001, 1002]
    assert queue.take(3, now=0.0) is None


def test_a_batch_is_bounded_in_bytes() -> None:
    queue = AckedQueue(NO_LIMIT, NO_LIMIT)
    queue.put([item(number, size_bytes=1024 * 1024) for number in range(1, 5)])
    assert numbers(queue.take(1, now=0.0)) == [1, 2]


@pytest.mark.parametrize(("items", "size_bytes"), [(3, NO_LIMIT), (NO_LIMIT, 30)])
def test_over_the_bound_the_oldest_are_dropped(items: int, size_bytes: int) -> None:
    queue = AckedQueue(items, size_bytes)
    assert queue.put([item(number) for number in range(1, 6)]) == 2
    assert (len(queue), queue.size_bytes, queue.oldest_at) == (3, 30, 3.0)
    assert numbers(queue.take(1, now=0.0)) == [3, 4, 5]


def test_what_a_broken_stream_left_comes_first_and_counts_as_resent() -> None:
    queue = AckedQueue(NO_LIMIT, NO_LIMIT)
    queue.put([item(1), item(2)])
    queue.take(1, now=0.0)
    queue.put([item(3)])
    queue.take(2, now=0.0)
    queue.put([item(4)])
    queue.acknowledge(1)
    queue.requeue()
    batch = queue.take(1, now=0.0)
    assert numbers(batch) == [3, 4]
    assert batch is not None
    assert batch.resent == 1


class AgainstAList(RuleBasedStateMachine):
    """The queue is a list from which acknowledged items leave and, when it is full, the oldest unsent ones."""

    LIMIT = 12

    def __init__(self) -> None:
        super().__init__()
        self.queue = AckedQueue(self.LIMIT, NO_LIMIT)
        self.waiting: list[int] = []
        self.in_flight: list[tuple[int, list[int]]] = []
        self.next = 1
        self.sequence = 0

    @rule(count=st.integers(1, 8))
    def puts(self, count: int) -> None:
        new = list(range(self.next, self.next + count))
        self.next += count
        dropped = self.queue.put([item(number) for number in new])
        self.waiting += new
        there = len(self.waiting) + sum(len(batch) for _, batch in self.in_flight)
        expected = min(len(self.waiting), max(0, there - self.LIMIT))
        assert dropped == expected
        del self.waiting[:expected]

    @rule()
    def takes(self) -> None:
        batch = self.queue.take(self.sequence + 1, now=0.0)
        assert numbers(batch) == self.waiting
        if self.waiting:
            self.sequence += 1
            self.in_flight.append((self.sequence, self.waiting))
            self.waiting = []

    @rule(upto=st.integers(0, 3))
    def acknowledges(self, upto: int) -> None:
        done = self.in_flight[:upto]
        if done:
            assert [numbers(batch) for batch in self.queue.acknowledge(done[-1][0])] == [each for _, each in done]
            del self.in_flight[:upto]

    @rule()
    def breaks(self) -> None:
        self.queue.requeue()
        self.waiting = [number for _, batch in self.in_flight for number in batch] + self.waiting
        self.in_flight = []
        self.sequence = 0

    @invariant()
    def the_count_is_right(self) -> None:
        there = len(self.waiting) + sum(len(batch) for _, batch in self.in_flight)
        assert len(self.queue) == there
        assert self.queue.size_bytes == 10 * there


AgainstAList.TestCase.settings = settings(max_examples=examples(50), stateful_step_count=40, deadline=None)
TestAgainstAList = AgainstAList.TestCase
