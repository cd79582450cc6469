"""Comment ids: unique, rising, and time, whatever the clock does."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordination.ids import EPOCH_MS, CommentIds, bucket_of_id, first_id_at_ms, id_time_ms
from tests.support.examples import examples

NOON = EPOCH_MS + 90_000_000_000


class Clock:
    def __init__(self, now_ms: int = NOON) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms


def test_the_layout_is_41_bits_of_time_4_of_data_centre_7_of_worker_11_of_sequence() -> None:
    ids = CommentIds(5, 77, Clock())
    ids.next()
    second = ids.next()
    assert f"{second:064b}"[-11:] == f"{1:011b}"
    assert f"{second:064b}"[-18:-11] == f"{77:07b}"
    assert f"{second:064b}"[-22:-18] == f"{5:04b}"
    assert id_time_ms(second) == NOON
    assert second < 2**63


def test_ids_of_a_later_millisecond_are_larger_whoever_made_them() -> None:
    clock = Clock()
    early = CommentIds(15, 127, clock).next()
    clock.now_ms += 1
    assert CommentIds(0, 0, clock).next() > early


def test_more_ids_than_a_millisecond_holds_go_on_in_the_next_one() -> None:
    ids = CommentIds(0, 0, Clock())
    made = [ids.next() for _ in range(5000)]
    assert made == sorted(set(made))
    assert ids.ahead_ms == 2


def test_a_clock_that_steps_back_repeats_nothing() -> None:
    clock = Clock()
    ids = CommentIds(0, 0, clock)
    before = ids.next()
    clock.now_ms -= 3_600_000
    after = [ids.next() for _ in range(3000)]
    assert min(after) > before
    assert len(set(after)) == 3000
    assert ids.ahead_ms == pytest.approx(3_600_000, abs=2)
    clock.now_ms += 3_700_000
    assert id_time_ms(ids.next()) == clock.now_ms
    assert ids.ahead_ms == 0


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(st.tuples(st.integers(-5000, 5000), st.integers(0, 60)), max_size=40),
    st.integers(0, 15),
    st.integers(0, 127),
)
def test_ids_rise_under_any_clock(steps: list[tuple[int, int]], dc_number: int, worker: int) -> None:
    clock = Clock()
    ids = CommentIds(dc_number, worker, clock)
    made = []
    for step_ms, count in steps:
        clock.now_ms += step_ms
        made += [ids.next() for _ in range(count)]
    assert all(earlier < later for earlier, later in itertools.pairwise(made))
    assert all(clock_id >> 11 & 0x7FF == dc_number << 7 | worker for clock_id in made)


def test_another_worker_number_is_used_from_the_next_id_on() -> None:
    ids = CommentIds(0, 3, Clock())
    before = ids.next()
    ids.use_worker(4)
    after = ids.next()
    assert after > before
    assert after >> 11 & 0x7F == 4


def test_the_first_id_of_a_time_is_a_cursor_between_before_and_after() -> None:
    clock = Clock()
    ids = CommentIds(3, 9, clock)
    before = ids.next()
    clock.now_ms += 1
    cursor = first_id_at_ms(clock.now_ms)
    assert before < cursor <= ids.next()
    assert first_id_at_ms(0) == 0


def test_buckets_are_stretches_of_four_minutes() -> None:
    start = first_id_at_ms(EPOCH_MS + 7 * 2**18)
    assert bucket_of_id(start) == 7
    assert bucket_of_id(first_id_at_ms(EPOCH_MS + 8 * 2**18) - 1) == 7
    assert bucket_of_id(start - 1) == 6


@pytest.mark.parametrize(("dc_number", "worker"), [(16, 0), (-1, 0), (0, 128), (0, -1)])
def test_numbers_that_do_not_fit_are_refused(dc_number: int, worker: int) -> None:
    with pytest.raises(ValueError, match="is 0 …"):
        CommentIds(dc_number, worker)
