from __future__ import annotations

from rms.admission import Admission, retries_elsewhere
from rms.reasons import RefusalReason


def admission(now: list[float], *, joins_per_s: float = 10, join_burst: int = 5) -> Admission:
    return Admission(
        max_viewers=3, max_viewers_per_video=2, joins_per_s=joins_per_s, join_burst=join_burst, clock=lambda: now[0]
    )


def test_the_limits_hold_exactly() -> None:
    limits = admission([0.0])
    assert limits.refusal(2, 1) is None
    assert limits.refusal(3, 0) is RefusalReason.NODE_FULL
    assert limits.refusal(2, 2) is RefusalReason.VIDEO_FULL


def test_a_burst_and_then_the_rate() -> None:
    now = [0.0]
    limits = admission(now)
    assert [limits.refusal(0, 0) for _ in range(6)] == [None] * 5 + [RefusalReason.JOIN_RATE]
    now[0] += 0.2
    assert [limits.refusal(0, 0) for _ in range(3)] == [None] * 2 + [RefusalReason.JOIN_RATE]
    now[0] += 3600
    assert [limits.refusal(0, 0) for _ in range(6)] == [None] * 5 + [RefusalReason.JOIN_RATE]


def test_who_is_refused_for_want_of_room_costs_no_join() -> None:
    limits = admission([0.0], join_burst=1)
    for _ in range(10):
        limits.refusal(3, 0)
    assert limits.refusal(0, 0) is None


def test_only_a_proxy_with_attempts_left_tries_elsewhere() -> None:
    assert [retries_elsewhere(attempt, 4) for attempt in (None, 1, 3, 4, 5)] == [False, True, True, False, False]
