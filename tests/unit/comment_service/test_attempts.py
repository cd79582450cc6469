"""How often somebody may try, by a clock that the test moves."""

from __future__ import annotations

import pytest

from comment_service.accounts import AttemptLimits, Attempts
from comment_service.rates.addresses import network_of
from comment_service.refusal import RateLimited

LIMITS = AttemptLimits(logins_per_username=3, logins_per_address=4, login_window_s=60, registrations_per_address=2)


class Clock:
    now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


def fail(attempts: Attempts, times: int, username: str = "ada", address: str | None = None) -> None:
    for _ in range(times):
        attempts.login(username, address)


def test_a_username_has_a_few_attempts_in_a_window() -> None:
    clock = Clock()
    attempts = Attempts(LIMITS, now_s=clock)
    fail(attempts, 2)
    clock.now_s += 30
    fail(attempts, 1)
    with pytest.raises(RateLimited) as refused:
        fail(attempts, 1)
    assert (refused.value.retry_after_s, refused.value.limit, refused.value.window_s) == (30, 3, 60)
    fail(attempts, 1, "grace")
    clock.now_s += 29.5
    with pytest.raises(RateLimited):
        fail(attempts, 1)
    clock.now_s += 0.5
    fail(attempts, 3)


def test_a_success_begins_anew() -> None:
    attempts = Attempts(LIMITS, now_s=Clock())
    for _ in range(20):
        fail(attempts, 1, address="192.0.2.1")
        attempts.succeeded("ada", "192.0.2.1")
    fail(attempts, 3, address="192.0.2.1")


def test_an_address_has_a_few_attempts_whatever_the_usernames() -> None:
    attempts = Attempts(LIMITS, now_s=Clock())
    for number in range(4):
        fail(attempts, 1, f"user{number}", "192.0.2.1")
    with pytest.raises(RateLimited, match="this address"):
        fail(attempts, 1, "user5", "192.0.2.1")
    fail(attempts, 1, "user5", "192.0.2.2")


def test_an_attempt_that_the_address_has_no_room_for_is_not_the_username_s() -> None:
    attempts = Attempts(LIMITS, now_s=Clock())
    fail(attempts, 4 - 1, "other", "192.0.2.1")
    fail(attempts, 1, "another", "192.0.2.1")
    for _ in range(10):
        with pytest.raises(RateLimited):
            fail(attempts, 1, "ada", "192.0.2.1")
    fail(attempts, 3, "ada", "192.0.2.9")


def test_registrations_are_counted_by_address() -> None:
    attempts = Attempts(LIMITS, now_s=Clock())
    for _ in range(2):
        attempts.registration("192.0.2.1")
    with pytest.raises(RateLimited):
        attempts.registration("192.0.2.1")
    attempts.registration("192.0.2.2")
    for _ in range(10):
        attempts.registration(None)


def test_no_more_is_remembered_than_may_be() -> None:
    clock = Clock()
    attempts = Attempts(AttemptLimits(keys=50), now_s=clock)
    for number in range(200):
        fail(attempts, 1, f"user{number}", f"192.0.2.{number}")
    assert len(attempts) == 50
    assert attempts.forgotten == 350
    clock.now_s += 900
    for number in range(10):
        fail(attempts, 1, f"another{number}")
    assert (len(attempts), attempts.forgotten) == (50, 350), "those whose time is over are missed by nobody"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("nonsense", "nonsense"),
    ],
)
def test_whose_an_address_is(address: str, network: str) -> None:
    assert network_of(address) == network
