"""What each action may cost whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from comment_service.rates.addresses import is_loopback, network_of
from comment_service.rates.allowance import Allowance
from comment_service.rates.windows import SlidingWindows, whole_seconds
from comment_service.refusal import RateLimited
from comment_service.sender import Sender
from service_kit.auth.identity import SERVICE


class Action(StrEnum):
    """What is counted. Posts and edits are counted together."""

    POST = "posts"
    REACTION = "reactions"
    REPORT = "reports"
    UPLOAD = "uploads"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a client stands with the limit that it is nearest to.

    ``limit`` requests are possible in ``window_s`` seconds, ``remaining`` now, and all again in ``reset_s``.
    """

    limit: int
    window_s: int
    remaining: int
    reset_s: int


@dataclass(frozen=True)
class Allowances:
    """``per_video``: comments and edits in one video. ``per_address``: everything that comes from one address."""

    per_user: Mapping[Action, Allowance] = field(default_factory=dict)
    per_video: Allowance = ()
    per_address: Allowance = ()


@dataclass(frozen=True, slots=True)
class _Limit:
    """One rate of an allowance. ``prefix``: of the keys under which it is counted, apart from any other's."""

    amount: int
    window_s: int
    prefix: str


class _Hold(NamedTuple):
    """``cost`` of ``limit`` is to be taken under ``key``; ``whose`` completes "too many posts ..."."""

    limit: _Limit
    key: str
    cost: int
    whose: str
    share: int


class Rates:
    """Counts in this process, in ``windows``.

    A user's requests come to one comment service, so a user's allowance is counted here as a whole. Those of an
    address and of a video come to all ``services()`` of them: here each request counts for as many.
    """

    def __init__(
        self, allowances: Allowances, windows: SlidingWindows, *, services: Callable[[], int] = lambda: 1
    ) -> None:
        self._per_user = {action: _limits(f"{action}/user", items) for action, items in allowances.per_user.items()}
        self._per_video = _limits("video", allowances.per_video)
        self._per_address = _limits("address", allowances.per_address)
        self._windows = windows
        self._services = services

    def __len__(self) -> int:
        """Users, addresses and videos that are counted now."""
        return len(self._windows)

    @property
    def forgotten(self) -> int:
        """How often one of them was forgotten because there were too many."""
        return self._windows.forgotten

    def take(
        self,
        action: Action,
        sender: Sender,
        live_video_id: str | None = None,
        *,
        amount: int = 1,
        requests: int = 1,
    ) -> Standing | None:
        """``amount`` times ``action`` at once; None where nothing limits it.

        ``requests``: as many such requests, of which each would be let through after the others.
        Raises ``RateLimited``, and then nothing is counted.
        """
        taken: list[_Hold] = []
        for hold in self._holds(action, sender, live_video_id, amount, requests):
            limit = hold.limit
            # Not by the library's strategy, which puts the key together for every question: a post asks six.
            if not self._windows.acquire_sliding_window_entry(hold.key, limit.amount, limit.window_s, hold.cost):
                for earlier in taken:
                    self._windows.give_back(earlier.key, earlier.cost)
                raise self._refusal(action, hold)
            taken.append(hold)
        return self._standing(min(taken, key=self._share_left)) if taken else None

    def _holds(
        self, action: Action, sender: Sender, live_video_id: str | None, amount: int, requests: int
    ) -> Iterator[_Hold]:
        share = max(1, self._services())
        user = sender.identity
        if SERVICE not in user.roles:  # a service asks for many
            for limit in self._per_user.get(action, ()):
                yield _Hold(limit, f"{limit.prefix}/{user.user_id}", amount * requests, "by you", 1)
        if sender.address is not None and not is_loopback(sender.address):
            for limit in self._per_address:
                key = f"{limit.prefix}/{network_of(sender.address)}"
                cost = _shared(amount, share, limit) * requests
                yield _Hold(limit, key, cost, "and the like from this address", share)
        if live_video_id is not None and action is Action.POST:
            for limit in self._per_video:
                key = f"{limit.prefix}/{live_video_id}"
                yield _Hold(limit, key, _shared(amount, share, limit) * requests, "in this video", share)

    def _refusal(self, action: Action, hold: _Hold) -> RateLimited:
        limit = hold.limit
        wait_s = whole_seconds(self._windows.wait_s(hold.key, limit.amount, limit.window_s, hold.cost))
        problem = f"too many {action} {hold.whose}: {limit.amount} are possible in {limit.window_s} s"
        return RateLimited(
            f"{problem}; try again in {wait_s} s",
            retry_after_s=wait_s,
            limit=limit.amount,
            window_s=limit.window_s,
        )

    def _share_left(self, hold: _Hold) -> float:
        used, _ = self._used(hold)
        return (hold.limit.amount - used) / hold.share / hold.limit.amount

    def _standing(self, hold: _Hold) -> Standing:
        limit = hold.limit
        used, reset_s = self._used(hold)
        return Standing(
            limit=limit.amount,
            window_s=limit.window_s,
            remaining=max(0, int((limit.amount - used) / hold.share)),
            reset_s=whole_seconds(reset_s),
        )

    def _used(self, hold: _Hold) -> tuple[float, float]:
        """What counts of it now, and the seconds after which none of that does."""
        window_s = hold.limit.window_s
        previous, reaches_in_s, current, _ = self._windows.get_sliding_window(hold.key, window_s)
        return previous * reaches_in_s / window_s + current, reaches_in_s


def _limits(whose: str, allowance: Allowance) -> tuple[_Limit, ...]:
    return tuple(_Limit(item.amount, item.get_expiry(), item.key_for(whose)) for item in allowance)


def _shared(amount: int, share: int, limit: _Limit) -> int:
    # With more services than the allowance is large each still lets one through: no limit may mean "never".
    return max(amount, min(amount * share, limit.amount))
