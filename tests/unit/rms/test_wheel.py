"""The timing wheel."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rms.wheel import Wheel
from tests.support.eventually import eventually


@given(st.floats(0, 100), st.integers(0, 50))
def test_nothing_is_early_and_nothing_later_than_a_slot(delay_s: float, turned: int) -> None:
    wheel = Wheel(slot_s=0.5, slots=256)
    for _ in range(turned):
        wheel.advance()
    called: list[float] = []
    wheel.add(delay_s, lambda: called.append(waited))

    waited = 0.0
    while not called:
        waited += 0.5
        wheel.advance()

    assert delay_s < waited <= delay_s + 0.5 + 0.5
    assert len(wheel) == 0


def test_a_wait_of_more_than_a_turn_looks_again() -> None:
    wheel = Wheel(slot_s=1, slots=8)
    asked = 0

    def due() -> float:
        nonlocal asked
        asked += 1
        return 20

    wheel.add(20, due)
    for _ in range(8):
        wheel.advance()

    assert asked == 1
    assert len(wheel) == 1


def test_a_callback_says_when_it_wants_to_be_called_again() -> None:
    wheel = Wheel(slot_s=1)
    answers: list[float | None] = [2.0, 0.0, None]
    calls: list[int] = []
    now = 0

    def due() -> float | None:
        calls.append(now)
        return answers[len(calls) - 1]

    wheel.add(1, due)
    for now in range(1, 20):  # noqa: B007 - read by due
        wheel.advance()

    assert calls == [2, 5, 6]
    assert len(wheel) == 0


def test_a_failing_callback_does_not_cost_the_others_theirs() -> None:
    wheel = Wheel(slot_s=1, slots=4)
    called: list[str] = []

    def fails() -> None:
        raise RuntimeError("broken")

    wheel.add(0, lambda: called.append("a"))
    wheel.add(0, fails)
    wheel.add(0, lambda: called.append("b"))
    with pytest.raises(RuntimeError, match="broken"):
        wheel.advance()
    for _ in range(4):
        wheel.advance()

    assert sorted(called) == ["a", "b"]
    assert len(wheel) == 0


async def test_it_turns_by_the_loop_until_closed() -> None:
    wheel = Wheel(slot_s=0.001)
    called: list[None] = []
    await wheel.start()
    await wheel.start()
    wheel.add(0.002, lambda: called.append(None))
    await eventually(lambda: called)

    await wheel.aclose()
    await wheel.aclose()
