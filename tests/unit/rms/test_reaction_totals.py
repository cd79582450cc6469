"""Totals of several writers, in any order, told once and completely."""

from __future__ import annotations

import json
import random

import pytest

from rms import frames
from rms.frames import Frame
from rms.reaction_totals import MAX_TOLD, MAX_TOLD_BYTES, ReactionTotals, TotalsChange, parse_change, restated


def said(frame: Frame) -> TotalsChange:
    """What a frame says."""
    return parse_change(frame.data.partition(b"data: ")[2])


def of(comment_id: int, **totals: int) -> TotalsChange:
    return TotalsChange({}, {comment_id: totals})


def test_an_event_is_read_as_it_was_written() -> None:
    data = b'{"video":{"like":3},"comments":{"7301458392012345344":{"wow":1},"5":{}}}'
    assert parse_change(data) == TotalsChange({"like": 3}, {7301458392012345344: {"wow": 1}, 5: {}})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"7",
        b'{"video":{}}',
        b'{"comments":{}}',
        b'{"video":[],"comments":{}}',
        b'{"video":{"like":"3"},"comments":{}}',
        b'{"video":{"like":true},"comments":{}}',
        b'{"video":{"like":-1},"comments":{}}',
        b'{"video":{},"comments":{"x":{}}}',
        b'{"video":{},"comments":{"1":7}}',
        b'{"video":{},"comments":[1]}',
        b'{"video":{"%b":1},"comments":{}}' % (b"x" * 40),
        b'{"video":{},"comments":{"1":{%b}}}' % b",".join(b'"%d":1' % n for n in range(40)),
        b"\xff",
    ],
)
def test_what_is_not_totals_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_change(data)


def test_a_videos_totals_only_grow_whatever_order_they_come_in() -> None:
    totals = ReactionTotals(9)
    totals.merge(2, TotalsChange({"like": 5, "wow": 1}, {}))
    totals.merge(3, TotalsChange({"like": 4, "sad": 2}, {}))
    assert said(totals.take()[0]).video == {"like": 5, "sad": 2, "wow": 1}
    totals.merge(4, TotalsChange({"like": 5}, {}))
    assert not totals
    assert totals.of_video is not None
    assert said(totals.of_video) == TotalsChange({"like": 5, "sad": 2, "wow": 1}, {})


def test_of_a_comment_the_greatest_event_id_counts() -> None:
    totals = ReactionTotals(9)
    totals.merge(20, of(1, like=2))
    totals.merge(10, of(1, like=9))
    assert totals.of_comment(1) == {"like": 2}
    totals.merge(30, of(1))
    assert totals.of_comment(1) == {}
    assert said(totals.take()[0]).comments == {1: {}}


def test_what_says_nothing_new_is_not_told_and_still_counts_as_newer() -> None:
    totals = ReactionTotals(9)
    totals.merge(10, of(1, like=1))
    totals.take()
    totals.merge(30, of(1, like=1))
    assert not totals
    totals.merge(20, of(1, like=7))
    assert not totals
    assert totals.of_comment(1) == {"like": 1}


def test_any_order_of_events_ends_with_the_same_totals() -> None:
    chance = random.Random(5)
    events = [
        (event_id, TotalsChange({"like": event_id}, {comment_id: {"wow": event_id} for comment_id in range(3)}))
        for event_id in range(1, 20)
    ]
    for _ in range(50):
        totals = ReactionTotals(9)
        seen: dict[int, object] = {}
        video: dict[str, int] = {}
        for event_id, change in chance.sample(events, len(events)):
            totals.merge(event_id, change)
            if totals and chance.random() < 0.5:
                told = said(totals.take()[0])
                seen |= told.comments
                video |= told.video
        if totals:
            told = said(totals.take()[0])
            seen |= told.comments
            video |= told.video
        assert video == {"like": 19}
        assert seen == {comment_id: {"wow": 19} for comment_id in range(3)}


def test_a_frame_is_bounded_and_the_rest_follows_those_that_waited_longest_first() -> None:
    totals = ReactionTotals(1_000)
    for comment_id in range(MAX_TOLD + 50):
        totals.merge(comment_id + 1, of(comment_id, like=1))
    totals.merge(10**6, of(0, like=2))
    first, rest = said(totals.take()[0]).comments, said(totals.take()[0]).comments
    assert list(map(int, first)) == sorted(range(MAX_TOLD), key=str) or set(first) == set(range(MAX_TOLD))
    assert set(rest) == set(range(MAX_TOLD, MAX_TOLD + 50))
    assert first[0] == {"like": 2}
    assert not totals


def test_a_frame_is_bounded_in_bytes() -> None:
    totals = ReactionTotals(1_000)
    kinds = {"k" * 30 + str(number): 10**15 for number in range(10)}
    totals.merge(1, TotalsChange({}, dict.fromkeys(range(100), kinds)))
    told = 0
    while totals:
        frame, change = totals.take()
        assert len(frame.data) < MAX_TOLD_BYTES + 1_000
        told += len(change.comments)
    assert told == 100


def test_no_more_comments_are_remembered_than_may_be() -> None:
    totals = ReactionTotals(3)
    assert totals.merge(1, of(1, like=1)) == 0
    totals.take()
    for comment_id in (2, 3):
        totals.merge(comment_id, of(comment_id, like=1))
    assert totals.merge(4, of(4, like=1)) == 0, "the one that was forgotten had been told"
    assert totals.merge(5, of(5, like=1)) == 1
    assert totals.of_comment(1) is totals.of_comment(2) is None
    assert set(said(totals.take()[0]).comments) == {3, 4, 5}


def comment(content: str, reactions: object, **more: object) -> Frame:
    document = {"commentId": "5", "content": content, "reactions": reactions, "editedAt": None, **more}
    return frames.encode(frames.COMMENT, json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode(), 5)


@pytest.mark.parametrize(
    "content",
    [
        "What a goal",
        '"reactions":{"like":1}',
        '\\"reactions":{',
        '"reactions":{',
        "}",
        '{"reactions":{}}',
        "👩‍👩‍👧\n\t",
    ],
)
@pytest.mark.parametrize("before", [{}, {"like": 1}, {"like": 12, "wow": 3}])
@pytest.mark.parametrize("after", [{}, {"sad": 2}, {"like": 1, "love": 200}])
def test_a_comment_is_restated_whatever_it_says(content: str, before: object, after: dict[str, int]) -> None:
    assert restated(comment(content, before), after) == comment(content, after)


def test_a_frame_without_totals_stays_as_it_is() -> None:
    for data in (b"", b"hello", b'{"reactions":null}', b'{"reactions":{'):
        frame = frames.encode(frames.COMMENT, data, 5)
        assert restated(frame, {"like": 1}) is frame
