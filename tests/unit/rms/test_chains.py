from __future__ import annotations

from coordination.ids import first_id_at_ms
from rms.chains import STRANGER_HORIZON_MS, OriginChains

NOW = 1_800_000_000_000
COVERED = first_id_at_ms(NOW)


def at(ms: int) -> int:
    """An id made ``ms`` after the channel's coverage ends."""
    return first_id_at_ms(NOW + ms)


def nothing(_: int) -> bool:
    return False


def test_a_chain_without_holes() -> None:
    chains = OriginChains(COVERED)
    assert chains.missing_since("a", 0, nothing) is None
    chains.advance("a", at(1))
    assert chains.missing_since("a", at(1), nothing) is None


def test_a_hole_begins_after_the_last_that_was_had() -> None:
    chains = OriginChains(COVERED)
    chains.advance("a", at(1))
    chains.advance("b", at(4))
    assert chains.missing_since("a", at(3), nothing) == at(1)


def test_what_the_channel_has_is_no_hole() -> None:
    chains = OriginChains(COVERED)
    chains.advance("a", at(1))
    assert chains.missing_since("a", at(3), {at(3)}.__contains__) is None


def test_what_lies_before_the_opening_is_no_hole() -> None:
    chains = OriginChains(COVERED)
    assert chains.missing_since("a", COVERED, nothing) is None
    assert chains.missing_since("a", COVERED - 5, nothing) is None


def test_an_older_id_published_later_is_not_taken_for_granted() -> None:
    chains = OriginChains(COVERED)
    chains.advance("a", at(12))
    assert chains.missing_since("a", at(11), nothing) == at(11)


def test_a_stranger_is_looked_for_only_so_far_back() -> None:
    chains = OriginChains(COVERED)
    assert chains.missing_since("a", at(5), nothing) == COVERED
    later = 10 * STRANGER_HORIZON_MS
    assert chains.missing_since("a", at(later), nothing) == at(later - STRANGER_HORIZON_MS)


def test_the_origins_are_bounded_and_the_silent_are_forgotten() -> None:
    chains = OriginChains(COVERED, max_origins=2)
    for origin, ms in (("a", 1), ("b", 2), ("a", 3), ("c", 4)):
        chains.advance(origin, at(ms))
    assert chains.missing_since("a", at(3), nothing) is None
    assert chains.missing_since("b", at(2), nothing) is not None
