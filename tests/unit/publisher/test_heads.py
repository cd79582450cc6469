from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from comment_service.publishing.heads import Heads
from tests.support.examples import examples


def test_previous_id_is_the_last_published_of_the_same_video() -> None:
    heads = Heads(10)
    assert [heads.published(*event, now=0.0) for event in [("a", 5), ("b", 6), ("a", 7), ("a", 9)]] == [0, 0, 5, 7]


def test_a_quiet_video_gets_a_head_after_one_and_after_three_seconds() -> None:
    heads = Heads(10)
    heads.published("a", 5, now=10.0)
    assert list(heads.due(10.9)) == []
    assert list(heads.due(11.0)) == [("a", 5)]
    assert list(heads.due(12.9)) == []
    assert list(heads.due(13.0)) == [("a", 5)]
    assert list(heads.due(1000.0)) == []


def test_a_video_that_goes_on_gets_no_head_until_it_is_quiet() -> None:
    heads = Heads(10)
    for tenth in range(50):
        heads.published("a", tenth + 1, now=tenth / 10)
        assert list(heads.due(tenth / 10)) == []
    assert list(heads.due(6.0)) == [("a", 50)]


def test_a_forgotten_video_does_not_look_new() -> None:
    """With ``previous_id`` 0 a receiver would take the next event without asking what it missed."""
    heads = Heads(2)
    for event_id, video in enumerate(["a", "b", "c"], start=1):
        heads.published(video, event_id, now=0.0)
    assert heads.published("a", 9, now=1.0) == 1
    assert heads.published("new", 10, now=1.0) == 2
    assert len(heads) == 2


def test_closing_repeats_each_head_still_to_come_once() -> None:
    heads = Heads(10)
    heads.published("quiet", 1, now=0.0)
    list(heads.due(100.0))
    heads.published("half", 2, now=98.0)
    list(heads.due(100.0))
    heads.published("fresh", 3, now=100.0)
    assert sorted(heads.close()) == [("fresh", 3), ("half", 2)]
    assert list(heads.due(200.0)) == []


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.floats(0, 2, allow_nan=False)), max_size=40),
    st.integers(1, 5),
)
def test_heads_follow_the_plain_rule(steps: list[tuple[str, float]], max_videos: int) -> None:
    """Each remembered video gets its last id again 1 s and 3 s after its last event, and nothing else comes."""
    heads = Heads(max_videos)
    now = 0.0
    last: dict[str, tuple[int, float]] = {}  # longest quiet first
    repeated: dict[str, int] = {}
    for event_id, (video, pause) in enumerate(steps, start=1):
        now += pause
        for due_video, due_id in heads.due(now):
            assert last[due_video][0] == due_id
            repeated[due_video] += 1
        for known, (_, at) in last.items():
            assert repeated[known] == (now >= at + 1.0) + (now >= at + 3.0)
        previous_id = heads.published(video, event_id, now)
        if video in last:
            assert previous_id == last.pop(video)[0]
        last[video] = (event_id, now)
        repeated[video] = 0
        if len(last) > max_videos:
            del last[next(iter(last))]
