"""How long a ban lasts, as it is asked for."""

from __future__ import annotations

import pytest

from comment_service.moderation.times import MAX_DURATION_S, ban_end_ms
from comment_service.refusal import InvalidArgument

NOW_MS = 1_795_000_000_000


@pytest.mark.parametrize(
    ("until", "ms"),
    [
        ("2026-11-21T12:00:00Z", 1_795_262_400_000),
        ("2026-11-21t12:00:00.5z", 1_795_262_400_500),
        ("2026-11-21T12:00:00.123456789Z", 1_795_262_400_123),
        ("2026-11-21 13:30:00+01:30", 1_795_262_400_000),
        ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
    ],
)
def test_a_time_of_rfc_3339(until: str, ms: int) -> None:
    assert ban_end_ms(until, None, NOW_MS) == ms


def test_a_duration_and_for_good() -> None:
    assert ban_end_ms(None, 60, NOW_MS) == NOW_MS + 60_000
    assert ban_end_ms(None, None, NOW_MS) is None


@pytest.mark.parametrize(
    "until",
    ["", "tomorrow", "2026-11-21", "2026-11-21T12:00:00", "20261121T120000Z", "2026-13-01T00:00:00Z", "1795262400",
     "2026-11-21T12:00:00Z\n", "2026-11-21T24:00:01Z", "2026-W47-6T12:00:00Z", "２026-11-21T12:00:00Z",
     "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"],
)  # fmt: skip
def test_what_is_no_such_time(until: str) -> None:
    with pytest.raises(InvalidArgument, match=r"until is not a time like|until has passed|until is after"):
        ban_end_ms(until, None, NOW_MS)


def test_a_time_that_has_passed() -> None:
    with pytest.raises(InvalidArgument, match="until has passed already"):
        ban_end_ms("2020-01-01T00:00:00Z", None, NOW_MS)


@pytest.mark.parametrize("duration_s", [0, -1, MAX_DURATION_S + 1, 10**30])
def test_a_duration_out_of_range(duration_s: int) -> None:
    with pytest.raises(InvalidArgument, match="duration_s is not a number from 1"):
        ban_end_ms(None, duration_s, NOW_MS)


def test_either_not_both() -> None:
    with pytest.raises(InvalidArgument, match="give either"):
        ban_end_ms("2026-11-21T12:00:00Z", 60, NOW_MS)
