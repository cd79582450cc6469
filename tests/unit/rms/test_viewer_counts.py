"""What each dispatcher has yet to be told of a node's viewers."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rms.viewer_counts import ViewerCounts
from tests.support.examples import examples


def nothing() -> None:
    pass


def test_a_new_listener_is_told_all() -> None:
    counts = ViewerCounts()
    counts.set("a", 2)
    counts.set("b", 1)
    counts.set("b", 0)
    woken: list[None] = []
    changes = counts.changes(lambda: woken.append(None))
    assert woken
    assert changes.take(10) == [("a", 2)]
    assert not changes


def test_a_change_is_told_once_with_its_newest_count() -> None:
    counts = ViewerCounts()
    woken: list[None] = []
    changes = counts.changes(lambda: woken.append(None))
    assert not woken
    for count in range(1, 100):
        counts.set("a", count)
    assert len(woken) == 1
    assert changes.take(10) == [("a", 99)]


def test_what_changed_back_is_not_told() -> None:
    counts = ViewerCounts()
    changes = counts.changes(nothing)
    counts.set("a", 1)
    changes.take(10)
    counts.set("a", 2)
    counts.set("a", 1)
    counts.set("came and went", 1)
    counts.set("came and went", 0)
    assert not changes.take(10)


def test_a_listener_that_closed_costs_nothing() -> None:
    counts = ViewerCounts()
    changes = counts.changes(nothing)
    changes.close()
    counts.set("a", 1)
    assert not changes


def test_the_longest_waiting_are_told_first() -> None:
    counts = ViewerCounts()
    changes = counts.changes(nothing)
    for video in ("a", "b", "c"):
        counts.set(video, 1)
    counts.set("a", 2)
    assert changes.take(2) == [("a", 2), ("b", 1)]
    counts.set("a", 3)
    assert changes.take(2) == [("c", 1), ("a", 3)]


@settings(max_examples=examples(60))
@given(
    st.lists(
        st.one_of(st.tuples(st.sampled_from("abcde"), st.integers(0, 3)), st.integers(1, 3)),
        max_size=40,
    )
)
def test_what_was_told_is_what_is_in_the_end_and_memory_is_bounded(steps: list[tuple[str, int] | int]) -> None:
    counts = ViewerCounts()
    changes = counts.changes(nothing)
    now: dict[str, int] = {}
    told: dict[str, int] = {}
    for step in steps:
        if isinstance(step, int):
            for video, count in changes.take(step):
                assert told.get(video, 0) != count, "only what changed is told"
                told[video] = count
        else:
            counts.set(*step)
            now[step[0]] = step[1]
        assert set(changes._told) <= {video for video, count in told.items() if count}
        assert set(changes._changed) <= {video for video, count in now.items() if count} | set(changes._told)
    told.update(changes.take(100))
    assert {video: n for video, n in told.items() if n} == {video: n for video, n in now.items() if n}
