"""Whatever a feed loses, gets twice, late or from a page that was read before: what is deleted is not delivered again,
what is edited is delivered as it stands, and newcomers see what the store has."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from coordination.ids import first_id_at_ms
from livecomments.v1 import event_pb2
from rms import frames
from rms.changes import Change, Changes, KnownChanges
from rms.channel import Channel
from rms.feed import Comment, Feed
from rms.metrics import ServiceMetrics
from rms.pump import Pump
from rms.reasons import DropReason, HoldReason
from rms.wheel import Wheel
from tests.support.examples import examples
from tests.unit.rms.fake_link import FakeLink, FakeViewer
from tests.unit.rms.fake_time import FakeTime
from tests.unit.rms.sse import Message, parse

NOW_MS = 1_800_000_000_000
COVERED_TO = first_id_at_ms(NOW_MS - 5000)
VIDEO = "match-42"
Page = tuple[list[Comment], Changes]
Kind = event_pb2.Event.Kind


def an_id(n: int) -> int:
    return first_id_at_ms(NOW_MS + n)


def the_json(comment_id: int, content: str = "first") -> bytes:
    return json.dumps({"commentId": str(comment_id), "content": content}).encode()


def event(kind: str, event_id: int, data: bytes, previous_id: int = 0, origin: str = "a") -> event_pb2.Event:
    return event_pb2.Event(
        live_video_id=VIDEO, event_id=event_id, kind=Kind.Value(kind), origin=origin, previous_id=previous_id, data=data
    )


class Store:
    """What the comment services have of the video."""

    def __init__(self) -> None:
        self.comments: dict[int, bytes] = {}
        self.changes: list[tuple[int, str, int]] = []
        self.ended: int | None = None

    def read_changes(self, after: int) -> Changes:
        found = []
        for change_id, kind, comment_id in self.changes:
            if change_id <= after or (kind == frames.EDIT and comment_id not in self.comments):
                continue
            data = self.comments[comment_id] if kind == frames.EDIT else b'{"commentId":"%d"}' % comment_id
            found.append(Change(change_id, kind, comment_id, data))
        return Changes(found, after, self.ended)

    def read_comments(self, after: int = 0) -> list[Comment]:
        return [(each, data) for each, data in sorted(self.comments.items()) if each > after]


class Bench:
    """A feed on a real channel with one viewer, and a store that mends at once."""

    def __init__(self) -> None:
        self.time = FakeTime()
        self.store = Store()
        self.registry = CollectorRegistry()
        metrics = ServiceMetrics(self.registry)
        pump = Pump(loop=self.time)
        channel = Channel(VIDEO, pump=pump, wheel=Wheel(), metrics=metrics, clock=self.time)
        self.ends = 0
        self.feed = Feed(
            channel, covered_to=COVERED_TO, max_held=100, metrics=metrics, on_hole=self.mend, on_end=self.on_end
        )
        self.viewer: FakeViewer = FakeLink().viewer()

    def open(self, comments: Sequence[Comment] | None = None) -> None:
        read = self.store.read_comments() if comments is None else comments
        self.feed.open(read, complete=True, changes=self.store.read_changes(0))
        self.feed.channel.join(self.viewer, b"", backlog=1000)

    def mend(self, feed: Feed) -> None:
        while (hole := feed.take_hole()) is not None:
            feed.merge(self.store.read_comments(hole.since), self.store.read_changes(hole.since))
            feed.settle(hole)
            feed.release(HoldReason.MENDED)
        feed.repairing = False

    def on_end(self, feed: Feed) -> None:
        self.ends += 1

    def flush(self) -> None:
        self.time.run_until(self.time.now + 60)

    def seen(self, viewer: FakeViewer | None = None) -> list[Message]:
        self.flush()
        return parse((viewer or self.viewer).received).messages

    def newcomer(self) -> dict[int, str]:
        """The backlog of one who joins now."""
        self.flush()
        viewer = FakeLink().viewer()
        self.feed.channel.join(viewer, b"", backlog=1000)
        return shown(parse(viewer.received).messages)

    def dropped(self, reason: DropReason) -> float:
        return self.registry.get_sample_value("livecomments_rms_dropped_total", {"reason": reason}) or 0.0


def shown(messages: Sequence[Message]) -> dict[int, str]:
    """What a page shows that does as it is told; nothing may be told that it must not show."""
    page: dict[int, str] = {}
    deleted: set[int] = set()
    for message in messages:
        if message.type not in {"comment", "edit", "delete"}:
            continue
        document = json.loads(message.data)
        comment_id = int(document["commentId"])
        if message.type == "delete":
            deleted.add(comment_id)
            page.pop(comment_id, None)
        elif message.type == "comment":
            assert comment_id not in deleted, "a deleted comment came again"
            page[comment_id] = document["content"]
        elif comment_id in page:
            page[comment_id] = document["content"]
    return page


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["comment", "comment", "edit", "delete"]),
        st.sampled_from("abc"),  # the origin
        st.integers(0, 30),  # which comment is changed
        st.sampled_from(["arrives", "arrives", "lost", "twice", "late"]),
        st.sampled_from(["", "", "", "page", "merge"]),  # a page is read; one that was read is merged
    ),
    max_size=30,
)


class Play:
    """Acts on the store, and what the feed gets of it."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.last: dict[str, int] = {}
        self.late: list[event_pb2.Event] = []
        self.page: list[Comment] = []
        self.n = 0

    def act(self, what: str, origin: str, target: int, fate: str, reads: str) -> None:
        store, feed = self.bench.store, self.bench.feed
        if reads == "page":
            self.page = store.read_comments()
        made = self._change(what, target)
        if reads == "merge":
            feed.merge(self.page, store.read_changes(0))  # the changes are read later than the comments
        if made is None:
            return
        item = event(*made, self.last.get(origin, 0), origin)
        self.last[origin] = item.event_id
        if fate == "late":
            self.late.append(item)
        for _ in range({"arrives": 1, "twice": 2}.get(fate, 0)):
            feed.deliver(item)

    def _change(self, what: str, target: int) -> tuple[str, int, bytes] | None:
        store = self.bench.store
        self.n += 1
        this = an_id(self.n)
        if what == "comment":
            store.comments[this] = the_json(this)
            return "KIND_COMMENT", this, store.comments[this]
        if not store.comments:
            return None
        comment_id = sorted(store.comments)[target % len(store.comments)]
        if what == "edit":
            store.comments[comment_id] = the_json(comment_id, f"edit {self.n}")
            store.changes.append((this, frames.EDIT, comment_id))
            return "KIND_EDIT", this, store.comments[comment_id]
        del store.comments[comment_id]
        store.changes.append((this, frames.DELETE, comment_id))
        return "KIND_DELETE", this, b'{"commentId":"%d"}' % comment_id

    def finish(self) -> None:
        for item in self.late:
            self.bench.feed.deliver(item)
        for origin, event_id in self.last.items():
            self.bench.feed.deliver(event_pb2.Head(live_video_id=VIDEO, origin=origin, last_id=event_id))


def expected(bench: Bench) -> dict[int, str]:
    return {each: json.loads(data)["content"] for each, data in bench.store.comments.items()}


@settings(max_examples=examples(60), deadline=None)
@given(ACTS, st.booleans())
def test_everyone_ends_with_what_the_store_has(acts: list[tuple[str, str, int, str, str]], flushes: bool) -> None:
    bench = Bench()
    bench.open()
    play = Play(bench)
    for act in acts:
        play.act(*act)
        if flushes:
            bench.flush()
    play.finish()
    assert shown(bench.seen()) == expected(bench)
    assert bench.newcomer() == expected(bench)


@settings(max_examples=examples(60), deadline=None)
@given(ACTS, st.integers(0, 30), st.integers(0, 30))
def test_an_opening_that_races_with_changes(
    acts: list[tuple[str, str, int, str, str]], read_at: int, opens: int
) -> None:
    """Comments are read, more happens, changes are read, the channel opens; some events were delivered before."""
    bench = Bench()
    play = Play(bench)
    page: list[Comment] = []
    for n, act in enumerate(acts):
        if n == min(read_at, opens):
            page = bench.store.read_comments()
        if n == opens:
            bench.open(page)
        play.act(*act[:4], "")
    if not bench.feed.opened:
        bench.open()
    play.finish()
    assert shown(bench.seen()) == expected(bench)
    assert bench.newcomer() == expected(bench)


def test_a_page_that_was_read_before_the_changes() -> None:
    bench = Bench()
    bench.store.comments = {an_id(n): the_json(an_id(n)) for n in (1, 2, 3)}
    page = bench.store.read_comments()
    bench.store.comments = {an_id(1): the_json(an_id(1)), an_id(2): the_json(an_id(2), "edited")}
    bench.store.changes = [(an_id(4), frames.EDIT, an_id(2)), (an_id(5), frames.DELETE, an_id(3))]
    bench.open(page)
    assert bench.newcomer() == shown(bench.seen()) == expected(bench)
    bench.feed.deliver(event("KIND_COMMENT", an_id(3), the_json(an_id(3))))
    assert bench.newcomer() == shown(bench.seen()) == expected(bench)


def test_a_deletion_that_comes_before_its_comment() -> None:
    bench = Bench()
    bench.open()
    bench.feed.deliver(event("KIND_DELETE", an_id(9), b'{"commentId":"%d"}' % an_id(1), origin="b"))
    bench.feed.deliver(event("KIND_COMMENT", an_id(1), the_json(an_id(1))))
    bench.feed.merge([(an_id(1), the_json(an_id(1)))])
    assert [message.type for message in bench.seen()] == ["delete"]
    assert bench.dropped(DropReason.DELETED) == 1
    assert bench.newcomer() == {}


def test_an_edit_that_comes_before_its_comment() -> None:
    bench = Bench()
    bench.open()
    bench.feed.deliver(event("KIND_EDIT", an_id(9), the_json(an_id(1), "edited"), origin="b"))
    bench.feed.deliver(event("KIND_COMMENT", an_id(1), the_json(an_id(1))))
    assert bench.newcomer() == {an_id(1): "edited"}
    assert shown(bench.seen()) == {an_id(1): "edited"}


def test_an_edit_that_comes_after_a_later_one_or_the_deletion_goes_to_nobody() -> None:
    bench = Bench()
    bench.open()
    bench.feed.deliver(event("KIND_COMMENT", an_id(1), the_json(an_id(1))))
    bench.feed.deliver(event("KIND_COMMENT", an_id(2), the_json(an_id(2)), an_id(1)))
    bench.flush()
    bench.feed.deliver(event("KIND_EDIT", an_id(5), the_json(an_id(1), "later"), origin="b"))
    bench.feed.deliver(event("KIND_EDIT", an_id(4), the_json(an_id(1), "earlier"), origin="c"))
    bench.feed.deliver(event("KIND_DELETE", an_id(6), b'{"commentId":"%d"}' % an_id(2), an_id(5), origin="b"))
    bench.feed.deliver(event("KIND_EDIT", an_id(3), the_json(an_id(2), "gone"), origin="d"))
    assert shown(bench.seen()) == bench.newcomer() == {an_id(1): "later"}
    assert [message.type for message in bench.seen()] == ["comment", "comment", "edit", "delete"]
    assert bench.dropped(DropReason.STALE_EDIT) == 2


def test_a_comment_that_has_not_gone_out_when_it_is_deleted_never_does() -> None:
    bench = Bench()
    bench.open()
    bench.feed.deliver(event("KIND_COMMENT", an_id(1), the_json(an_id(1))))
    bench.feed.deliver(event("KIND_DELETE", an_id(2), b'{"commentId":"%d"}' % an_id(1), an_id(1)))
    assert [message.type for message in bench.seen()] == ["delete"]


def test_what_was_replayed_to_a_channel_that_opens_without_the_store() -> None:
    """The dispatcher's recent window has the comment and its deletion."""
    bench = Bench()
    bench.feed.deliver(event("KIND_COMMENT", an_id(1), the_json(an_id(1))))
    bench.feed.deliver(event("KIND_COMMENT", an_id(2), the_json(an_id(2)), an_id(1)))
    bench.feed.deliver(event("KIND_DELETE", an_id(3), b'{"commentId":"%d"}' % an_id(1), an_id(2)))
    bench.feed.open_incomplete()
    bench.feed.channel.join(bench.viewer, b"", backlog=1000)
    assert shown(bench.seen()) == {an_id(2): "first"}
    assert an_id(1) not in [int(message.last_event_id or 0) for message in bench.seen()]


def test_the_end_waits_for_what_is_held_and_is_the_last() -> None:
    bench = Bench()
    bench.open()
    holds: list[Feed] = []
    bench.feed._on_hole = holds.append
    bench.feed.deliver(event("KIND_COMMENT", an_id(1), the_json(an_id(1))))
    bench.feed.deliver(event("KIND_COMMENT", an_id(3), the_json(an_id(3)), an_id(2)))
    bench.feed.deliver(event("KIND_END", an_id(4), b"{}", an_id(3)))
    bench.flush()
    assert (holds, bench.ends) == ([bench.feed], 0)
    bench.store.comments = {an_id(2): the_json(an_id(2))}
    bench.mend(bench.feed)
    assert [message.type for message in bench.seen()] == ["comment", "comment", "comment", "end"]
    assert bench.viewer.closed
    bench.feed.deliver(event("KIND_END", an_id(4), b"{}", an_id(3)))
    assert bench.ends == 1


@pytest.mark.parametrize("change_id", [0, an_id(9)])
def test_a_lost_end_is_repaired(change_id: int) -> None:
    bench = Bench()
    bench.open()
    bench.feed.deliver(event("KIND_COMMENT", an_id(1), the_json(an_id(1))))
    bench.store.ended = change_id
    bench.feed.deliver(event_pb2.Head(live_video_id=VIDEO, origin="a", last_id=an_id(9)))
    assert [message.type for message in bench.seen()] == ["comment", "end"]
    assert bench.viewer.closed
    assert bench.ends == 1


def test_a_video_that_had_ended_opens_with_its_end() -> None:
    bench = Bench()
    bench.store.comments = {an_id(1): the_json(an_id(1))}
    bench.store.ended = 0
    bench.open()
    assert [message.type for message in bench.seen()] == ["comment", "end"]
    assert bench.viewer.closed
    assert bench.ends == 1


def test_in_a_video_that_ended_changes_still_count() -> None:
    bench = Bench()
    bench.store.comments = {an_id(n): the_json(an_id(n)) for n in (1, 2)}
    bench.store.ended = 0
    bench.open()
    bench.feed.merge([], Changes([Change(an_id(9), frames.DELETE, an_id(1), b"{}")], 0, 0))
    assert bench.newcomer() == {an_id(2): "first"}


def test_what_is_remembered_is_bounded_and_what_cannot_be_told_is_refused() -> None:
    known = KnownChanges(max_deleted=3)
    for comment_id in (5, 1, 7, 9):
        known.note(Change(100 + comment_id, frames.DELETE, comment_id, b"{}"))
    assert known.forgotten == 1
    assert [known.refusal(each) for each in (1, 7, 9)] == [DropReason.DELETED] * 3
    assert [known.refusal(each) for each in (4, 5)] == [DropReason.TOO_OLD] * 2
    assert [known.refusal(each) for each in (6, 8, 10)] == [None] * 3
    for comment_id in range(10, 1100):
        assert known.note(Change(1000 + comment_id, frames.EDIT, comment_id, b"x" * 300))
    assert known.as_it_stands(10, b"old") == b"old"
    assert known.as_it_stands(1099, b"old") == b"x" * 300
    assert known.forgotten > 200


def test_the_ring_tells_how_far_back_it_has_changes() -> None:
    bench = Bench()
    bench.feed.open([], complete=True, changes=Changes([], an_id(5), None))
    assert bench.feed.reaches_changes(an_id(5))
    assert not bench.feed.reaches_changes(an_id(4))
    assert bench.feed.reaches_changes(0), "who has had nothing missed no change"
    for n in range(10, 3010):
        bench.feed.deliver(event("KIND_EDIT", an_id(n), the_json(an_id(1), f"{n}"), an_id(n - 1) if n > 10 else 0))
        if n % 500 == 0:
            bench.flush()
    bench.flush()
    assert not bench.feed.reaches_changes(an_id(1008))
    assert bench.feed.reaches_changes(an_id(1009))
