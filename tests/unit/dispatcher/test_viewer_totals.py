"""When a video's total is told: soon, when it is worth it, never too often, and by its owner alone."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.viewer_counts import ViewerCounts
from dispatcher.viewer_totals import ViewerTotals
from tests.support.examples import examples

EVERY_S = 5.0


class Desk:
    """Totals with a clock of the test's; ``told`` is what was told, and when."""

    def __init__(self) -> None:
        self.now = 100.0
        self.counts = ViewerCounts(max_counts=1_000, grace_s=1.0, clock=lambda: self.now)
        self.totals = ViewerTotals(self.counts, every_s=EVERY_S, clock=lambda: self.now)
        self.told: list[tuple[float, str, int]] = []

    def own_all(self) -> None:
        self.totals.own(lambda video: True)
        self.pass_time(EVERY_S)

    def set(self, video: str, count: int) -> None:
        self.counts.report("rms-1", video, count)
        self.totals.changed(video)

    def look(self) -> None:
        while self.totals.due:
            self.told += [(self.now, video, total) for video, total in self.totals.take(2)]

    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + 0.25)
            self.look()

    def told_of(self, video: str) -> list[tuple[float, int]]:
        return [(at, total) for at, told, total in self.told if told == video]


def desk() -> Desk:
    desk = Desk()
    desk.own_all()
    return desk


def test_a_first_viewer_is_told_at_once_and_the_next_when_it_may_be() -> None:
    one = desk()
    began = one.now
    one.set("a", 1)
    one.look()
    one.pass_time(1)
    one.set("a", 2)
    one.pass_time(1)
    one.set("a", 3)
    one.pass_time(20)
    assert one.told_of("a") == [(began, 1), (began + EVERY_S, 3)]


def test_less_than_one_percent_is_not_worth_telling() -> None:
    one = desk()
    for total in (1000, 1009, 1010, 1001, 999):
        one.set("a", total)
        one.pass_time(10)
    assert [total for _, total in one.told_of("a")] == [1000, 1010, 999]


def test_when_the_last_leaves_that_is_told() -> None:
    one = desk()
    for total in (2, 1, 0):
        one.set("a", total)
        one.pass_time(10)
    assert [total for _, total in one.told_of("a")] == [2, 1, 0]
    assert one.totals.told("a") is None


def test_who_does_not_own_a_video_tells_nothing_of_it() -> None:
    one = Desk()
    one.totals.own(lambda video: video == "mine")
    one.set("mine", 3)
    one.set("yours", 3)
    one.pass_time(10)
    assert [video for _, video, _ in one.told] == ["mine"]
    assert one.totals.told("yours") is None


def test_a_new_owner_waits_until_the_old_one_may_have_told_and_tells_what_it_takes_over() -> None:
    one = Desk()
    one.totals.own(lambda video: False)
    one.set("a", 3)
    one.pass_time(10)
    began = one.now
    one.totals.own(lambda video: True)
    one.look()
    one.pass_time(10)
    assert one.told_of("a") == [(began + EVERY_S, 3)]


def test_an_owner_that_stays_does_not_repeat_itself() -> None:
    one = desk()
    one.set("a", 3)
    one.pass_time(10)
    one.totals.own(lambda video: True)
    one.pass_time(10)
    assert len(one.told) == 1


def test_who_loses_a_video_and_gets_it_back_tells_anew() -> None:
    one = desk()
    one.set("a", 3)
    one.pass_time(10)
    one.totals.own(lambda video: False)
    one.pass_time(10)
    one.totals.own(lambda video: True)
    one.pass_time(10)
    assert [total for _, total in one.told_of("a")] == [3, 3]


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from([0, 1, 2, 100, 101, 102, 5000]), st.sampled_from([0, 0.5, 3]))
    )
)
def test_never_twice_within_the_gap_and_in_the_end_near_enough(changes: list[tuple[str, int, float]]) -> None:
    one = desk()
    for video, total, seconds in changes:
        one.set(video, total)
        one.pass_time(seconds)
    one.pass_time(2 * EVERY_S)
    for video in "abc":
        told = one.told_of(video)
        for (at, before), (later, after) in pairwise(told):
            assert later - at >= EVERY_S
            assert abs(after - before) * 100 >= before
        last = told[-1][1] if told else 0
        total = one.counts.total(video)
        assert last == total or abs(total - last) * 100 < last
