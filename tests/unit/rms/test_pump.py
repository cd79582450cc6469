"""The flush scheduler: turns, rests and failures, on a clock that the test moves."""

from __future__ import annotations

import pytest

from rms.pump import Pump
from tests.unit.rms.fake_time import FakeTime


class Work:
    """Takes so many slices of so many seconds each."""

    def __init__(self, name: str, time: FakeTime, log: list[str], *, slices: int, slice_s: float) -> None:
        self.name = name
        self.left = slices
        self._time = time
        self._log = log
        self._slice_s = slice_s

    def step(self) -> bool:
        self._log.append(self.name)
        self._time.now += self._slice_s
        self.left -= 1
        return self.left > 0


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def log() -> list[str]:
    return []


def test_at_low_load_work_is_done_in_the_next_turn(time: FakeTime, log: list[str]) -> None:
    pump = Pump(loop=time)
    began = time.now
    for _ in range(100):
        pump.schedule(Work("a", time, log, slices=1, slice_s=0.0001))
        assert not log, "never within the caller's turn"
        assert time.next_due_in == 0
        time.run_next()
        log.clear()
        time.now += 0.005
    assert time.now - began == pytest.approx(100 * 0.0051)


def test_a_hot_video_does_not_starve_a_quiet_one(time: FakeTime, log: list[str]) -> None:
    pump = Pump(loop=time)
    pump.schedule(Work("hot", time, log, slices=1000, slice_s=0.002))
    time.run_next()
    log.clear()

    pump.schedule(Work("quiet", time, log, slices=1, slice_s=0.0001))
    time.run_next()

    assert "quiet" in log[:2]


def test_two_hot_videos_take_turns(time: FakeTime, log: list[str]) -> None:
    pump = Pump(loop=time)
    for name in "ab":
        pump.schedule(Work(name, time, log, slices=5, slice_s=0.001))
    time.run_until(time.now + 1)

    assert "".join(log) == "ab" * 5


def test_it_yields_to_the_loop_after_a_tick(time: FakeTime, log: list[str]) -> None:
    pump = Pump(loop=time, tick_s=0.005)
    pump.schedule(Work("a", time, log, slices=100, slice_s=0.002))

    time.run_next()

    assert len(log) == 3, "slices until five milliseconds are over"


@pytest.mark.parametrize("slice_s", [0.0001, 0.001, 0.01, 0.3])
def test_sending_never_takes_more_than_its_share_of_the_time(time: FakeTime, log: list[str], slice_s: float) -> None:
    pump = Pump(share=0.7, loop=time)
    began = time.now
    pump.schedule(Work("a", time, log, slices=10**9, slice_s=slice_s))

    time.run_until(began + 1000 * slice_s)

    share = len(log) * slice_s / (time.now - began)
    assert 0.65 < share < 0.72


def test_what_others_spend_on_sending_counts(time: FakeTime, log: list[str]) -> None:
    pump = Pump(share=0.5, loop=time)
    time.now += 1
    pump.charge(1.0)

    pump.schedule(Work("a", time, log, slices=1, slice_s=0.001))

    assert time.next_due_in == pytest.approx(1.0)


def test_work_scheduled_twice_has_one_turn(time: FakeTime, log: list[str]) -> None:
    pump = Pump(loop=time)
    work = Work("a", time, log, slices=1, slice_s=0.001)
    pump.schedule(work)
    pump.schedule(work)
    assert len(pump) == 1
    time.run_until(time.now + 1)

    assert log == ["a"]


def test_work_may_be_scheduled_again_by_its_own_slice(time: FakeTime, log: list[str]) -> None:
    pump = Pump(loop=time)

    class Again(Work):
        def step(self) -> bool:
            more = super().step()
            if self.left == 1:
                pump.schedule(self)
            return more

    pump.schedule(Again("a", time, log, slices=2, slice_s=0.001))
    time.run_until(time.now + 1)

    assert log == ["a", "a"]


def test_a_failing_video_does_not_stop_the_others(time: FakeTime, log: list[str]) -> None:
    pump = Pump(loop=time)

    class Failing:
        def step(self) -> bool:
            raise RuntimeError("broken")

    pump.schedule(Failing())
    pump.schedule(Work("a", time, log, slices=2, slice_s=0.001))

    with pytest.raises(RuntimeError, match="broken"):
        time.run_next()
    time.run_until(time.now + 1)

    assert log == ["a", "a"]
    assert len(pump) == 0


def test_once_closed_it_does_nothing_more(time: FakeTime, log: list[str]) -> None:
    pump = Pump(loop=time)
    pump.schedule(Work("a", time, log, slices=2, slice_s=0.001))
    pump.close()
    pump.close()
    pump.schedule(Work("b", time, log, slices=2, slice_s=0.001))
    time.run_until(time.now + 1)

    assert log == []
