"""The sums of what RMS nodes report, against a model, whatever streams end and begin."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from dispatcher.viewer_counts import ViewerCounts
from tests.support.examples import examples

RMS = st.sampled_from(["rms-1", "rms-2", "rms-3"])
VIDEO = st.sampled_from(["a", "b", "c"])
GRACE_S = 5.0
NO_LIMIT = 1_000_000


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Sums(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.counts = ViewerCounts(max_counts=NO_LIMIT, grace_s=GRACE_S, clock=self.clock)
        # By RMS and video: how many, and until when that holds.
        self.model: dict[tuple[str, str], tuple[int, float]] = {}

    @rule(rms=RMS, video=VIDEO, count=st.integers(0, 5))
    def report(self, rms: str, video: str, count: int) -> None:
        first = self.model.get((rms, video), (0, 0.0))[1] != float("inf")
        assert self.counts.report(rms, video, count) == (first and count > 0)
        if count:
            self.model[rms, video] = (count, float("inf"))
        else:
            self.model.pop((rms, video), None)

    @rule(rms=RMS)
    def stream_ends(self, rms: str) -> None:
        self.counts.stream_ended(rms)
        for key, (count, _) in self.model.items():
            if key[0] == rms:
                self.model[key] = (count, self.clock() + GRACE_S)

    @rule(seconds=st.sampled_from([0.5, 4.0, 6.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.now += seconds
        gone = {key for key, (_, until) in self.model.items() if until <= self.clock()}
        let_go: list[str] = []
        while some := self.counts.expire(2):
            assert len(some) <= 2
            let_go += some
        assert sorted(let_go) == sorted(video for _, video in gone)
        for key in gone:
            del self.model[key]

    @invariant()
    def sums_are_right(self) -> None:
        for video in ("a", "b", "c"):
            held = {rms: count for (rms, other), (count, _) in self.model.items() if other == video}
            assert self.counts.total(video) == sum(held.values())
            assert sorted(self.counts.holders(video)) == sorted(held)
        assert len(self.counts) == len(self.model)
        assert set(self.counts.videos) == {video for _, video in self.model}


def test_sums_are_those_of_the_reports_that_hold() -> None:
    run_state_machine_as_test(Sums, settings=settings(max_examples=examples(40), stateful_step_count=30, deadline=None))


def test_over_the_bound_new_counts_are_dropped_and_counted_and_known_ones_change() -> None:
    counts = ViewerCounts(max_counts=2, grace_s=GRACE_S, clock=Clock())
    counts.report("rms-1", "a", 1)
    counts.report("rms-1", "b", 1)
    counts.report("rms-1", "c", 1)
    counts.report("rms-1", "a", 5)
    assert (len(counts), counts.dropped) == (2, 1)
    assert [counts.total(video) for video in "abc"] == [5, 1, 0]
    counts.report("rms-1", "b", 0)
    counts.report("rms-1", "c", 3)
    assert [counts.total(video) for video in "abc"] == [5, 0, 3]
