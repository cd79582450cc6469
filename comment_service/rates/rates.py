"""What each action may cost whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from limits import RateLimitItem
from limits.strategies import SlidingWindowCounterRateLimiter

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
class _Hold:
    """``cost`` of ``item``'s allowance is to be taken under ``key``; ``whose`` completes "too many posts ..."."""

    item: RateLimitItem
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
        self._allowances = allowances
        self._windows = windows
        self._services = services
        self._limiter = SlidingWindowCounterRateLimiter(windows)

    def __len__(self) -> int:
        """Users, addresses and videos that are counted now."""
        return len(self._windows)

    @property
    def forgotten(self) -> int:
        """How often one of them was forgotten because there were too many."""
        return self._windows.forgotten

    def take(
        self, action: Action, sender: Sender, live_video_id: str | None = None, *, amount: int = 1
    ) -> Standing | None:
        """``amount`` times ``action`` at once; None where nothing limits it.

        Raises ``RateLimited``, and then nothing is counted.
        """
        taken: list[_Hold] = []
        for hold in self._holds(action, sender, live_video_id, amount):
            if not self._limiter.hit(hold.item, hold.key, cost=hold.cost):
                for earlier in taken:
                    self._windows.give_back(earlier.item.key_for(earlier.key), earlier.cost)
                raise self._refusal(action, hold)
            taken.append(hold)
        return min((self._standing(hold) for hold in taken), key=_share_left, default=None)

    def _holds(self, action: Action, sender: Sender, live_video_id: str | None, amount: int) -> Iterator[_Hold]:
        allowances = self._allowances
        share = max(1, self._services())
        user = sender.identity
        if SERVICE not in user.roles:  # a service asks for many
            for item in allowances.per_user.get(action, ()):
                yield _Hold(item, f"{action}/user/{user.user_id}", amount, "by you", 1)
        if sender.address is not None and not is_loopback(sender.address):
            for item in allowances.per_address:
                key = f"address/{network_of(sender.address)}"
                yield _Hold(item, key, _shared(amount, share, item), "and the like from this address", share)
        if live_video_id is not None and action is Action.POST:
            for item in allowances.per_video:
                yield _Hold(item, f"video/{live_video_id}", _shared(amount, share, item), "in this video", share)

    def _refusal(self, action: Action, hold: _Hold) -> RateLimited:
        item, key = hold.item, hold.item.key_for(hold.key)
        wait_s = whole_seconds(self._windows.wait_s(key, item.amount, item.get_expiry(), hold.cost))
        problem = f"too many {action} {hold.whose}: {item.amount} are possible in {item.get_expiry()} s"
        return RateLimited(
            f"{problem}; try again in {wait_s} s",
            retry_after_s=wait_s,
            limit=item.amount,
            window_s=item.get_expiry(),
        )

    def _standing(self, hold: _Hold) -> Standing:
        item = hold.item
        window_s = item.get_expiry()
        previous, reaches_in_s, current, _ = self._windows.get_sliding_window(item.key_for(hold.key), window_s)
        used = previous * reaches_in_s / window_s + current
        return Standing(
            limit=item.amount,
            window_s=window_s,
            remaining=max(0, int((item.amount - used) / hold.share)),
            reset_s=whole_seconds(reaches_in_s),
        )


def _shared(amount: int, share: int, item: RateLimitItem) -> int:
    # With more services than the allowance is large each still lets one through: no limit may mean "never".
    return max(amount, min(amount * share, item.amount))


def _share_left(standing: Standing) -> float:
    return standing.remaining / standing.limit
