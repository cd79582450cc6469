"""Whatever a feed loses, gets twice or late: once the store was asked, its viewers have had every comment once."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from coordination.ids import first_id_at_ms
from livecomments.v1 import event_pb2
from rms.channel import Channel
from rms.feed import Comment, Feed, Item
from rms.metrics import ServiceMetrics
from rms.pump import Pump
from rms.reasons import HoldReason, ResyncReason
from rms.wheel import Wheel
from tests.support.examples import examples
from tests.unit.rms.fake_link import FakeLink, FakeViewer
from tests.unit.rms.fake_time import FakeTime
from tests.unit.rms.sse import parse

NOW_MS = 1_800_000_000_000
COVERED_TO = first_id_at_ms(NOW_MS - 5000)
VIDEO = "match-42"


class Bench:
    """A feed on a real channel with one viewer, and a store that mends at once."""

    def __init__(self, *, mends: bool = True, max_held: int = 100) -> None:
        self.time = FakeTime()
        self.stored: list[Comment] = []
        self.asked = 0
        metrics = ServiceMetrics(CollectorRegistry())
        pump = Pump(loop=self.time)
        channel = Channel(VIDEO, pump=pump, wheel=Wheel(), metrics=metrics, clock=self.time)
        on_hole = self.mend if mends else lambda feed: None
        self.feed = Feed(channel, covered_to=COVERED_TO, max_held=max_held, metrics=metrics, on_hole=on_hole)
        self.viewer: FakeViewer = FakeLink().viewer()

    def open(self) -> None:
        self.feed.open(list(self.stored), complete=True)
        self.feed.channel.join(self.viewer, b"", backlog=1000)

    def mend(self, feed: Feed) -> None:
        while (hole := feed.take_hole()) is not None:
            self.asked += 1
            feed.merge([comment for comment in self.stored if comment[0] > hole.since])
            feed.settle(hole)
            feed.release(HoldReason.MENDED)
        feed.repairing = False

    def seen(self) -> list[int]:
        self.time.run_until(self.time.now + 60)
        messages = parse(self.viewer.received).messages
        return [int(message.last_event_id) for message in messages if message.type == "comment"]


def comment_id(n: int, origin: int = 0) -> int:
    return first_id_at_ms(NOW_MS + n) + origin


def event(event_id: int, previous_id: int, origin: str = "a", kind: str = "KIND_COMMENT") -> event_pb2.Event:
    return event_pb2.Event(
        live_video_id=VIDEO,
        event_id=event_id,
        kind=event_pb2.Event.Kind.Value(kind),
        origin=origin,
        previous_id=previous_id,
        data=b"{}",
    )


FATES = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["arrives", "lost", "twice", "late"])), max_size=25)


@settings(max_examples=examples(50))
@given(FATES)
def test_every_comment_comes_once(fates: list[tuple[str, str]]) -> None:
    bench = Bench()
    bench.open()
    last: dict[str, int] = {}
    late: list[Item] = []
    for n, (origin, fate) in enumerate(fates):
        this = comment_id(n, ord(origin))
        bench.stored.append((this, b"{}"))
        item = event(this, last.get(origin, 0), origin)
        last[origin] = this
        if fate == "late":
            late.append(item)
        for _ in range({"arrives": 1, "twice": 2}.get(fate, 0)):
            bench.feed.deliver(item)
    for late_item in late:
        bench.feed.deliver(late_item)
    for origin, event_id in last.items():
        bench.feed.deliver(event_pb2.Head(live_video_id=VIDEO, origin=origin, last_id=event_id))
    assert sorted(bench.seen()) == [stored for stored, _ in bench.stored]


@settings(max_examples=examples(50))
@given(FATES, st.integers(0, 25))
def test_what_comes_before_the_opening_is_merged_with_the_backfill(fates: list[tuple[str, str]], opens: int) -> None:
    bench = Bench()
    last: dict[str, int] = {}
    for n, (origin, fate) in enumerate(fates):
        if n == opens:
            bench.open()
        this = comment_id(n, ord(origin))
        bench.stored.append((this, b"{}"))
        if fate != "lost":
            bench.feed.deliver(event(this, last.get(origin, 0), origin))
        last[origin] = this
    if not bench.feed.opened:
        bench.open()
    for origin, event_id in last.items():
        bench.feed.deliver(event_pb2.Head(live_video_id=VIDEO, origin=origin, last_id=event_id))
    assert sorted(bench.seen()) == [stored for stored, _ in bench.stored]


def test_newcomers_wait_for_the_repair_and_no_longer_than_may_be() -> None:
    bench = Bench(mends=False)
    bench.open()
    bench.feed.deliver(event(comment_id(1), 0))
    bench.feed.deliver(event(comment_id(3), comment_id(2)))
    bench.feed.deliver(event(comment_id(4), comment_id(3)))
    assert bench.seen() == [comment_id(1)]
    bench.feed.release(HoldReason.TIMEOUT)
    assert bench.seen() == [comment_id(1), comment_id(3), comment_id(4)]
    hole = bench.feed.take_hole()
    assert hole is not None
    assert (hole.since, hole.claims) == (comment_id(1), {"a": comment_id(2)})


def test_what_is_held_is_bounded() -> None:
    bench = Bench(mends=False, max_held=3)
    bench.open()
    bench.feed.deliver(event(comment_id(1), 0))
    for n in range(3, 7):
        bench.feed.deliver(event(comment_id(n), comment_id(n - 1)))
    assert bench.seen() == [comment_id(n) for n in (1, 3, 4, 5, 6)]


def test_an_edit_that_was_lost_is_looked_for_once() -> None:
    bench = Bench()
    bench.open()
    bench.feed.deliver(event(comment_id(1), 0))
    for n in range(3, 9):
        bench.feed.deliver(event(comment_id(n), comment_id(n - 1)))
    assert bench.asked == 1
    assert len(bench.seen()) == 7


def test_the_ring_reaches_back_to_what_it_has_had() -> None:
    bench = Bench()
    bench.stored = [(comment_id(n), b"{}") for n in range(10)]
    bench.feed.open(bench.stored, complete=False)
    assert bench.feed.reaches(comment_id(0))
    assert not bench.feed.reaches(comment_id(0) - 2)
    whole = Bench()
    whole.open()
    assert whole.feed.reaches(0)
    for n in range(3000):
        whole.feed.deliver(event(comment_id(n), comment_id(n - 1) if n else 0))
    whole.seen()
    assert not whole.feed.reaches(comment_id(998))
    assert whole.feed.reaches(comment_id(999))


def test_the_ring_does_not_reach_back_past_what_it_let_go_of_for_older_ones_that_came_late() -> None:
    bench = Bench()
    bench.feed.open_incomplete()
    for n in range(1000, 2000):
        bench.feed.deliver(event(comment_id(n), comment_id(n - 1)))
    bench.feed.catch_up([(comment_id(n), b"{}") for n in range(100)], complete=True)
    bench.seen()
    assert bench.feed.reaches(comment_id(50))
    for n in range(2000, 3000):
        bench.feed.deliver(event(comment_id(n), comment_id(n - 1)))
        bench.time.run_until(bench.time.now + 1)
    assert not bench.feed.reaches(comment_id(1000))
    assert bench.feed.reaches(comment_id(1100))


def test_a_hole_that_stays_is_told() -> None:
    bench = Bench(mends=False)
    bench.open()
    bench.feed.deliver(event(comment_id(1), 0))
    bench.feed.deliver(event(comment_id(3), comment_id(2)))
    hole = bench.feed.take_hole()
    assert hole is not None
    bench.feed.leave_open(hole, ResyncReason.HOLE_TOO_LARGE)
    bench.feed.release(HoldReason.MENDED)
    assert bench.seen() == [comment_id(1), comment_id(3)]
    assert b'"after":"%d"' % comment_id(1) in bench.viewer.received
    assert not bench.feed.reaches(0)


def test_what_was_history_at_the_opening_never_comes_live() -> None:
    bench = Bench()
    history = [(comment_id(n), b"{}") for n in range(10)]
    bench.feed.open(history[5:], complete=False)
    bench.feed.channel.join(bench.viewer, b"", backlog=1000)
    late = comment_id(20)
    assert bench.feed.merge([*history, (late, b"{}")]) == 1
    assert bench.seen() == [*(comment_id(n) for n in range(5, 10)), late]
    for n in range(10):  # dispatchers replay the last seconds to a new route
        bench.feed.deliver(event(comment_id(n), comment_id(n - 1) if n else 0))
    assert bench.seen() == [*(comment_id(n) for n in range(5, 10)), late]


def test_what_was_lost_before_the_store_answered_is_mended() -> None:
    """However little of it is told when it answers at last."""
    bench = Bench(mends=False)
    bench.feed.open_incomplete()
    bench.feed.channel.join(bench.viewer, b"", backlog=1000)
    bench.feed.deliver(event(comment_id(1), 0))
    bench.feed.deliver(event(comment_id(3), comment_id(2)))
    bench.feed.release(HoldReason.TIMEOUT)
    bench.feed.catch_up([(comment_id(3), b"{}")], complete=False)
    assert bench.feed.merge([(comment_id(n), b"{}") for n in range(1, 4)]) == 1
    assert sorted(bench.seen()) == [comment_id(n) for n in range(1, 4)]
