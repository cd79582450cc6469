from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.item import OVERHEAD_BYTES, Item
from dispatcher.recent import RecentWindow
from dispatcher.router import Router
from livecomments.v1 import event_pb2
from tests.support.examples import examples

NO_LIMIT = 10**9


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def event(video: str, event_id: int, data: bytes = b"{}") -> event_pb2.Event:
    return event_pb2.Event(live_video_id=video, event_id=event_id, kind=event_pb2.Event.KIND_COMMENT, data=data)


def head(video: str, last_id: int) -> event_pb2.Head:
    return event_pb2.Head(live_video_id=video, origin="o", last_id=last_id)


def ids(items: list[Item]) -> list[int]:
    return [
        item.message.event_id if isinstance(item.message, event_pb2.Event) else -item.message.last_id for item in items
    ]


def window(clock: Clock, *, max_per_video: int = 500, max_items: int = NO_LIMIT) -> RecentWindow:
    return RecentWindow(window_s=5.0, max_per_video=max_per_video, max_items=max_items, max_bytes=NO_LIMIT, clock=clock)


def router(clock: Clock, routes: dict[str, tuple[str, ...]], recent: RecentWindow | None = None) -> Router:
    return Router(lambda video: routes.get(video, ()), recent or window(clock), clock=clock)


def test_each_event_goes_to_the_rms_nodes_that_serve_its_video_and_to_no_other() -> None:
    routes = {"a": ("rms-1",), "b": ("rms-2",), "hot": ("rms-1", "rms-2")}
    routed = router(Clock(), routes).route(
        [event("a", 1), event("b", 2), event("hot", 3), event("nobody", 4)], [head("a", 1)]
    )
    assert {rms: ids(items) for rms, items in routed.by_rms.items()} == {"rms-1": [1, 3, -1], "rms-2": [2, 3]}
    assert ids(routed.items) == [1, 2, 3, 4, -1]
    assert routed.unrouted == 1


def test_a_new_route_is_given_what_was_said_in_the_last_five_seconds() -> None:
    clock = Clock()
    routing = router(clock, {})
    for number in range(1, 11):
        clock.now += 1
        routing.route([event("a", number), event("b", 100 + number)], [])
    routing.route([], [head("a", 10)])
    assert ids(routing.recent_of("a")) == [5, 6, 7, 8, 9, 10, -10]
    clock.now += 5.1
    assert routing.recent_of("a") == []


def test_a_video_has_at_most_its_newest_in_the_window() -> None:
    clock = Clock()
    routing = router(clock, {}, window(clock, max_per_video=3))
    routing.route([event("a", number) for number in range(1, 6)], [])
    assert ids(routing.recent_of("a")) == [3, 4, 5]


def test_a_full_window_gives_up_the_longest_quiet_videos() -> None:
    clock = Clock()
    recent = window(clock, max_items=3)
    routing = router(clock, {}, recent)
    routing.route([event("a", 1), event("b", 2), event("a", 3), event("c", 4)], [])
    assert (ids(routing.recent_of("a")), routing.recent_of("b"), ids(routing.recent_of("c"))) == ([1, 3], [], [4])
    assert (recent.items, recent.dropped) == (3, 1)


def test_quiet_videos_leave_the_window() -> None:
    clock = Clock()
    recent = window(clock)
    routing = router(clock, {}, recent)
    routing.route([event(f"v{number}", number) for number in range(1, 101)], [])
    clock.now += 4
    routing.route([event("v7", 200)], [])
    clock.now += 2
    recent.expire()
    # An active video's own old items leave with its next one.
    assert recent.items == 2
    assert ids(recent.of("v7")) == [200]
    clock.now += 4
    recent.expire()
    assert (recent.items, recent.size_bytes) == (0, 0)


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 40), st.sampled_from([0.0, 1.0, 3.0])), max_size=40),
    st.integers(1, 4),
    st.integers(1, 8),
)
def test_the_window_against_a_list(steps: list[tuple[str, int, float]], per_video: int, in_all: int) -> None:
    """Never more than the bounds; what it has is the newest of the video; under the bounds it has all of 5 s."""
    clock = Clock()
    recent = window(clock, max_per_video=per_video, max_items=in_all)
    said: dict[str, list[tuple[int, float]]] = {}
    for number, (video, size, pause) in enumerate(steps, start=1):
        clock.now += pause
        message = event(video, number, b"x" * size)
        recent.add(Item(video, message, size + OVERHEAD_BYTES, clock.now))
        said.setdefault(video, []).append((number, clock.now))
        recent.expire()
        assert recent.items <= in_all
        for each, history in said.items():
            kept = ids(recent.of(each))
            fresh = [told for told, at in history if at >= clock.now - 5.0][-per_video:]
            assert kept == fresh[len(fresh) - len(kept) :]
            if not recent.dropped:
                assert kept == fresh
