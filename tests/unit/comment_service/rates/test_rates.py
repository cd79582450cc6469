"""Who may do how much, by a clock of the test's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comment_service.rates import Action, Rates, Standing
from comment_service.rates.allowance import parse_allowance
from comment_service.rates.rates import Allowances
from comment_service.rates.windows import SlidingWindows
from comment_service.refusal import RateLimited
from comment_service.sender import Sender
from service_kit.auth.identity import Identity

ADA, BOB = Identity("u-1", "Ada"), Identity("u-2", "Bob")
UNHURRIED = settings(deadline=None)
HOME, AWAY = "192.0.2.1", "192.0.2.2"


class Clock:
    """Begins where a window of any length of the tests begins."""

    now = 36_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def rates(clock: Clock, *, services: Callable[[], int] = lambda: 1, keys: int = 1_000, **texts: str) -> Rates:
    """``user``, ``video``, ``address``: the allowances; of users for posts."""
    allowances = Allowances(
        per_user={Action.POST: parse_allowance(texts.get("user", ""))},
        per_video=parse_allowance(texts.get("video", "")),
        per_address=parse_allowance(texts.get("address", "")),
    )
    return Rates(allowances, SlidingWindows(keys, now_s=clock), services=services)


def taken(limits: Rates, sender: Sender, times: int, video: str = "v", action: Action = Action.POST) -> int:
    """How many of ``times`` are possible."""
    possible = 0
    for _ in range(times):
        try:
            limits.take(action, sender, video)
        except RateLimited:
            continue
        possible += 1
    return possible


def refusal(limits: Rates, sender: Sender, video: str = "v", action: Action = Action.POST) -> RateLimited:
    with pytest.raises(RateLimited) as refused:
        limits.take(action, sender, video)
    return refused.value


def test_a_user_has_their_own_allowance(clock: Clock) -> None:
    limits = rates(clock, user="3/minute")
    assert taken(limits, Sender(ADA), 5) == 3
    assert taken(limits, Sender(BOB), 5) == 3
    refused = refusal(limits, Sender(ADA))
    assert "too many posts by you: 3 are possible in 60 s; try again in" in refused.detail()
    assert (refused.limit, refused.window_s) == (3, 60)
    assert limits.take(Action.REACTION, Sender(ADA), "v") is None, "of other things there is no limit here"


def test_it_comes_back_as_the_window_slides(clock: Clock) -> None:
    limits = rates(clock, user="60/minute")
    assert taken(limits, Sender(ADA), 100) == 60
    clock.now += 60
    assert taken(limits, Sender(ADA), 1) == 0, "a full window may not follow a full window at once"
    clock.now += 30
    assert taken(limits, Sender(ADA), 100) == 30
    clock.now += 120
    assert taken(limits, Sender(ADA), 100) == 60


@UNHURRIED
@given(
    st.lists(st.tuples(st.floats(0, 40), st.integers(0, 30)), max_size=20),
    st.sampled_from(["5/minute", "20/minute; 3/second", "7/10 second"]),
)
def test_who_waits_as_long_as_they_are_told_is_let_through(story: list[tuple[float, int]], user: str) -> None:
    clock = Clock()
    limits = rates(clock, user=user)
    for pause_s, times in story:
        clock.now += pause_s
        taken(limits, Sender(ADA), times)
    for _ in parse_allowance(user):  # one allowance after the other may speak against it
        if taken(limits, Sender(ADA), 1):
            return
        wait_s = refusal(limits, Sender(ADA)).retry_after_s or 0
        assert 1 <= wait_s <= 120
        clock.now += wait_s
    assert taken(limits, Sender(ADA), 1)


@UNHURRIED
@given(st.lists(st.floats(0, 5), min_size=50, max_size=200))
def test_never_twice_the_allowance_in_any_window(pauses: list[float]) -> None:
    clock = Clock()
    limits = rates(clock, user="10/minute")
    times = []
    for pause_s in pauses:
        clock.now += pause_s
        if taken(limits, Sender(ADA), 1):
            times.append(clock.now)
    assert all(sum(at < other < at + 60 for other in times) < 20 for at in times)


def test_an_address_has_one_for_all_its_users_and_all_they_do(clock: Clock) -> None:
    limits = rates(clock, address="4/minute")
    assert taken(limits, Sender(ADA, HOME), 2) == 2
    assert taken(limits, Sender(BOB, HOME), 1, action=Action.REACTION) == 1
    assert taken(limits, Sender(BOB, HOME), 9, action=Action.REPORT) == 1
    assert "from this address" in refusal(limits, Sender(ADA, HOME)).detail()
    assert taken(limits, Sender(ADA, AWAY), 9) == 4
    assert taken(limits, Sender(ADA), 9) == 9, "an internal service has no address"


def test_this_machine_s_own_address_is_not_counted(clock: Clock) -> None:
    limits = rates(clock, address="4/minute")
    assert taken(limits, Sender(ADA, "127.0.0.1"), 9) == 9
    assert taken(limits, Sender(ADA, "::1"), 9) == 9
    assert taken(limits, Sender(ADA, "::ffff:127.0.0.1"), 9) == 9


def test_of_ipv6_a_network_counts_as_one(clock: Clock) -> None:
    limits = rates(clock, address="4/minute")
    assert taken(limits, Sender(ADA, "2001:db8::1"), 3) == 3
    assert taken(limits, Sender(ADA, "2001:db8::ffff:1"), 3) == 1
    assert taken(limits, Sender(ADA, "2001:db8:0:1::1"), 3) == 3


def test_a_video_has_one_for_all_who_comment(clock: Clock) -> None:
    limits = rates(clock, video="4/second")
    assert taken(limits, Sender(ADA), 3, "v") == 3
    assert taken(limits, Sender(BOB), 3, "v") == 1
    assert taken(limits, Sender(BOB), 3, "w") == 3
    assert taken(limits, Sender(ADA), 99, "v", Action.REACTION) == 99, "bursts of hearts are no comments"


def test_a_service_asks_for_many(clock: Clock) -> None:
    limits = rates(clock, user="2/minute", video="5/minute")
    service = Sender(Identity("chat-import", "Import", frozenset({"service"})))
    assert taken(limits, service, 9) == 5, "but a video's limit is everyone's"


def test_several_services_share_what_is_not_a_user_s(clock: Clock) -> None:
    services = 4
    limits = [
        rates(clock, user="10/minute", address="20/minute", video="40/minute", services=lambda: services)
        for _ in range(services)
    ]
    assert taken(limits[0], Sender(ADA), 99) == 10, "a user's requests come to one service"
    assert sum(taken(each, Sender(BOB, HOME), 99, "w") for each in limits) == 20
    anyone = [Sender(Identity(f"u-{n}", "X")) for n in range(100)]
    assert sum(taken(limits[n % 4], each, 1, "z") for n, each in enumerate(anyone)) == 40
    clock.now += 120
    services = 2
    assert sum(taken(each, Sender(BOB, HOME), 99, "w") for each in limits[:2]) == 20


def test_no_share_is_so_small_that_nothing_is_possible(clock: Clock) -> None:
    limits = rates(clock, video="2/minute", services=lambda: 5)
    assert taken(limits, Sender(ADA), 9) == 1
    clock.now += refusal(limits, Sender(ADA)).retry_after_s or 0
    assert taken(limits, Sender(ADA), 9) == 1


def test_what_is_refused_costs_nothing(clock: Clock) -> None:
    limits = rates(clock, user="10/minute", address="10/minute", video="1/minute")
    assert taken(limits, Sender(ADA, HOME), 9, "v") == 1
    assert taken(limits, Sender(ADA, HOME), 1, "w") == 1
    standing = limits.take(Action.POST, Sender(ADA, HOME), None)
    assert standing == Standing(limit=10, window_s=60, remaining=7, reset_s=60)


def test_one_is_told_of_the_limit_one_is_nearest_to(clock: Clock) -> None:
    limits = rates(clock, user="100/minute; 4/second", address="50/minute")
    standing = limits.take(Action.POST, Sender(ADA, HOME), "v")
    assert standing == Standing(limit=4, window_s=1, remaining=3, reset_s=1)
    assert rates(clock).take(Action.POST, Sender(ADA, HOME), "v") is None


def test_many_at_once(clock: Clock) -> None:
    limits = rates(clock, user="100/minute", video="50/minute")
    limits.take(Action.POST, Sender(ADA), "v", amount=40)
    with pytest.raises(RateLimited, match="in this video"):
        limits.take(Action.POST, Sender(ADA), "v", amount=20)
    with pytest.raises(RateLimited) as refused:
        limits.take(Action.POST, Sender(ADA), "w", amount=1_000)
    assert refused.value.retry_after_s == 60
    limits.take(Action.POST, Sender(ADA), "v", amount=10)


def test_what_is_counted_is_bounded_and_forgotten_when_it_is_over(clock: Clock) -> None:
    limits = rates(clock, user="5/minute", keys=10)
    for n in range(100):
        limits.take(Action.POST, Sender(Identity(f"u-{n}", "X")), "v")
    assert (len(limits), limits.forgotten) == (10, 90)
    clock.now += 120
    for n in range(20):
        limits.take(Action.POST, Sender(Identity(f"w-{n}", "X")), "v")
    assert limits.forgotten <= 100
    assert len(limits) <= 10


@pytest.mark.parametrize(
    "text", ["x", "10", "10/", "-1/minute", "0/minute", "1/fortnight", "1/minute;", "10000000000/day"]
)
def test_a_setting_that_is_no_rate(text: str) -> None:
    with pytest.raises(ValueError, match=r"rate|amount"):
        parse_allowance(text)


def test_rates_as_settings_spell_them() -> None:
    assert [(item.amount, item.get_expiry()) for item in parse_allowance("1200/minute; 5 per 2 hours")] == [
        (1200, 60),
        (5, 7200),
    ]
    assert parse_allowance("  ") == ()


@pytest.mark.parametrize("services", [1, 2, 3, 50])
@pytest.mark.parametrize("requests", range(1, 14))
def test_many_requests_pass_together_where_each_would_after_the_others(
    clock: Clock, services: int, requests: int
) -> None:
    def some() -> Rates:
        return rates(clock, services=lambda: services, user="12/minute", video="11/minute", address="13/minute")

    one_by_one, together = some(), some()
    possible = taken(one_by_one, Sender(ADA, HOME), requests)
    if possible == requests:
        together.take(Action.POST, Sender(ADA, HOME), "v", requests=requests)
    else:
        with pytest.raises(RateLimited):
            together.take(Action.POST, Sender(ADA, HOME), "v", requests=requests)
        assert taken(together, Sender(ADA, HOME), requests) == possible, "nothing was counted"
