"""The ring, the batches that are cut from it, and the memory of what went out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rms import frames
from rms.batch import Batch
from rms.frames import Frame
from rms.reasons import DropReason
from rms.recent_ids import RecentIds
from rms.ring import MAX_PLACES, MAX_REACTIONS, Ring


def comment(event_id: int, size: int = 10) -> Frame:
    return Frame(frames.COMMENT, event_id, b"%d " % event_id + b"x" * size)


def viewers() -> Frame:
    return Frame(frames.VIEWERS, 0, b"viewers ")


def reactions(number: int) -> Frame:
    return Frame(frames.REACTIONS, 0, b"reactions %d " % number)


def ring_of(*held: Frame, max_frames: int = 100, max_bytes: int = 10_000) -> Ring:
    ring = Ring(max_frames, max_bytes)
    for frame in held:
        ring.append(frame)
        ring.trim()
    return ring


@given(st.lists(st.integers(0, 300), max_size=40), st.integers(1, 10), st.integers(1, 1000))
def test_its_bounds_hold_and_the_newest_stay(sizes: list[int], max_frames: int, max_bytes: int) -> None:
    held = [comment(number, size) for number, size in enumerate(sizes, start=1)]
    ring = ring_of(*held, max_frames=max_frames, max_bytes=max_bytes)

    kept = held[ring.first :]
    assert ring.end == len(held)
    assert ring.batch(ring.first).frames == kept
    assert ring.size_bytes == sum(len(frame.data) for frame in kept)
    assert len(kept) <= max_frames
    assert ring.size_bytes <= max_bytes or len(kept) == 1
    assert not held or kept[-1] == held[-1]
    fuller = held[max(0, ring.first - 1) :]
    assert ring.first == 0 or len(fuller) > max_frames or sum(len(frame.data) for frame in fuller) > max_bytes


def test_reactions_push_no_comments_out() -> None:
    ring = ring_of(comment(1), viewers(), comment(2), max_frames=100)
    for number in range(300):
        ring.append(reactions(number))
        ring.trim()
    assert set(ring.comment_ids) == {1, 2}
    assert ring.first_page(9).frames == [comment(1), comment(2)]
    kept = [reactions(number) for number in range(300 - MAX_REACTIONS, 300)]
    assert ring.batch(ring.first).frames == [comment(1), viewers(), comment(2), *kept]
    assert ring.size_bytes == sum(len(frame.data) for frame in ring.batch(ring.first).frames)
    assert ring.batch(3).run_from == ring.end - MAX_REACTIONS, "what was left out is in no run"

    for number in range(3, 150):
        ring.append(comment(number))
        ring.trim()
    assert max(ring.comment_ids) == 149
    assert len(ring.batch(ring.first).frames) == 100


def test_places_are_bounded_too() -> None:
    ring = ring_of(comment(1), max_frames=100)
    for number in range(100 * MAX_PLACES + 7):
        ring.append(reactions(number))
        ring.trim()
        assert ring.end - ring.first <= 100 * MAX_PLACES
    assert not ring.comment_ids
    assert len(ring.batch(ring.first).frames) == MAX_REACTIONS
    assert ring.size_bytes == sum(len(frame.data) for frame in ring.batch(ring.first).frames)


def test_positions_are_looked_up_by_comment_id_as_long_as_they_are_held() -> None:
    ring = ring_of(comment(5), viewers(), comment(3), comment(9), max_frames=3)

    assert [ring.position_after(event_id) for event_id in (5, 3, 9, 4)] == [None, 3, 4, None]
    assert (set(ring.comment_ids), ring.greatest_evicted) == ({3, 9}, 5)


def test_a_batch_says_from_where_on_it_is_what_went_out_in_a_row() -> None:
    ring = ring_of(comment(1), viewers(), comment(2), comment(3), comment(4))
    assert [ring.batch(position).run_from for position in (0, 3)] == [0, 0]
    assert [ring.batch(0, comments_before=end).run_from for end in (1, 2, 5)] == [0, 2, 2]
    assert [ring.first_page(backlog).run_from for backlog in (0, 1, 2, 4)] == [5, 4, 3, 2]

    assert ring.replace(3, b"edited")

    assert [ring.batch(position).run_from for position in (0, 3, 4)] == [4, 4, 0]
    assert ring.batch(0, max_bytes=1).run_from == 0
    assert ring.first_page(4).run_from == 4
    assert ring.newest_rewritten == 3


def test_who_resumes_goes_back_to_an_earlier_comment_with_a_greater_id() -> None:
    ring = ring_of(comment(1), comment(4), comment(2), comment(3), comment(5))

    assert [ring.position_after(event_id) for event_id in (1, 2, 3, 4, 5)] == [1, 1, 1, 2, 5]


def test_the_first_page_is_the_last_comments_in_the_streams_order() -> None:
    ring = ring_of(comment(1), comment(2), viewers(), comment(4), comment(3), viewers())

    page = ring.first_page(3)

    assert [frame.event_id for frame in page.frames] == [2, 4, 3]
    assert (page.positions, page.end) == ([1, 3, 4], 6)
    assert [ring.first_page(count).payload for count in (0, 100)] == [
        b"",
        b"".join(comment(n).data for n in (1, 2, 4, 3)),
    ]


def test_the_first_page_of_a_video_that_ended_says_so() -> None:
    ring = ring_of(comment(1), comment(2), frames.end_frame(3))

    assert [frame.kind for frame in ring.first_page(1).frames] == [frames.COMMENT, frames.END]


def test_a_deleted_comment_is_given_no_more_and_an_edited_one_as_it_now_stands() -> None:
    ring = ring_of(comment(1), comment(2), comment(3))

    assert ring.replace(2, b"")
    assert ring.replace(3, b"edited")
    assert not ring.replace(7, b"")

    assert ring.batch(0).payload == ring.first_page(10).payload == comment(1).data + b"edited"
    assert ring.first_page(1).payload == b"edited"
    assert [frame.event_id for frame in ring.comments_after(0)] == [1, 3]
    assert ring.position_after(2) == 2, "who had it before still resumes after it"
    assert ring.size_bytes == len(comment(1).data) + len(b"edited")


def test_a_batch_is_bounded_but_never_empty_while_there_is_a_frame() -> None:
    ring = ring_of(comment(1, 100), comment(2, 10), comment(3, 10))

    assert ring.batch(0, max_bytes=50).frames == [comment(1, 100)]
    assert ring.batch(1, max_bytes=20).end == 2
    assert ring.batch(1, max_bytes=50).frames == [comment(2), comment(3)]
    assert ring.batch(3, max_bytes=50).payload == b""


def test_the_resync_cursor_covers_late_comments_among_the_missed() -> None:
    ring = ring_of(comment(10), comment(20), comment(15), comment(30))

    assert [ring.resync_after(position) for position in range(5)] == [0, 10, 14, 20, 30]


def test_the_resync_cursor_knows_what_was_evicted() -> None:
    ring = ring_of(comment(10), comment(20), viewers(), viewers(), max_frames=2)

    assert ring.resync_after(ring.first) == 20


@given(st.lists(st.binary(min_size=1, max_size=5), min_size=1, max_size=6), st.data())
def test_a_batch_cut_anywhere_is_continued_without_loss(pieces: list[bytes], data: st.DataObject) -> None:
    held = [Frame(frames.COMMENT, number, piece) for number, piece in enumerate(pieces)]
    batch = Batch(held, range(50, 50 + len(held)), 50 + len(held))
    taken = data.draw(st.integers(0, len(batch.payload)))

    tail, position = batch.cut(taken)

    rest = b"".join(frame.data for frame in held[position - 50 :])
    assert batch.payload[:taken] + tail + rest == batch.payload
    assert len(tail) < max(len(piece) for piece in pieces)


def test_a_repeat_is_told_from_news_after_the_frame_is_gone() -> None:
    recent = RecentIds(limit=3)
    for event_id in (10, 30, 20):
        assert recent.refusal(event_id) is None
        recent.add(event_id)

    assert [recent.refusal(event_id) for event_id in (10, 20, 30)] == [DropReason.REPEAT] * 3
    assert recent.refusal(15) is None, "late, and not a repeat"


def test_what_cannot_be_told_from_a_repeat_counts_as_one() -> None:
    recent = RecentIds(limit=2)
    for event_id in (10, 30, 20, 40):
        recent.add(event_id)

    assert len(recent) == 2
    assert [recent.refusal(event_id) for event_id in (10, 30, 20, 29)] == [
        DropReason.TOO_OLD,
        DropReason.TOO_OLD,
        DropReason.REPEAT,
        DropReason.TOO_OLD,
    ]
    assert recent.refusal(31) is None


@pytest.mark.parametrize("times", [1, 5])
def test_events_without_an_id_are_always_news(times: int) -> None:
    recent = RecentIds(limit=2)
    for _ in range(times):
        assert recent.refusal(0) is None
        recent.add(0)
    assert len(recent) == 0


def change(kind: str, event_id: int) -> Frame:
    return frames.encode(kind, b"{}", event_id)


def test_what_was_deleted_does_not_come_back() -> None:
    ring = ring_of(comment(1), comment(2))
    assert ring.replace(1, b"")
    assert ring.replace(1, b"edited")
    assert [frame.event_id for frame in ring.batch(0).frames] == [2]


def test_changes_are_found_by_their_ids_and_what_went_is_known() -> None:
    ring = ring_of(
        change(frames.EDIT, 4), comment(3), change(frames.DELETE, 9), comment(7), change(frames.EDIT, 8), max_frames=4
    )
    assert [frame.event_id for frame in ring.changes_after(0)] == [8, 9]
    assert [frame.event_id for frame in ring.changes_after(8)] == [9]
    assert [frame.event_id for frame in ring.changes_after(0, before=4)] == [9]
    assert (set(ring.change_ids), ring.greatest_change_evicted, ring.greatest_evicted) == ({8, 9}, 4, 0)
    assert ring.position_after(7) == 2, "the deletion came before, and another node may have had it later"
    assert [ring.position_since(event_id) for event_id in (2, 3, 8, 9)] == [1, 2, 2, 5]
