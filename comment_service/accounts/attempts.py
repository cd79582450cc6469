"""How often somebody may try: logging in by username and by address, registering by address."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from comment_service.rates.addresses import network_of
from comment_service.rates.windows import whole_seconds
from comment_service.refusal import RateLimited


@dataclass(frozen=True)
class AttemptLimits:
    """``keys``: usernames and addresses that are counted at a time; beyond that the oldest are forgotten."""

    logins_per_username: int = 10
    logins_per_address: int = 100
    login_window_s: int = 900
    registrations_per_address: int = 100
    registration_window_s: int = 3_600
    keys: int = 100_000


class Attempts:
    """Counts in this process. A username's attempts count whether or not there is such an account."""

    def __init__(self, limits: AttemptLimits | None = None, *, now_s: Callable[[], float] = time.time) -> None:
        limits = limits or AttemptLimits()
        self._now_s = now_s
        self._counts = _Counts(limits.keys, now_s)
        self._limiter = FixedWindowRateLimiter(self._counts)
        window_s = limits.login_window_s
        self._username = RateLimitItemPerSecond(limits.logins_per_username, window_s, namespace="username")
        self._address = RateLimitItemPerSecond(limits.logins_per_address, window_s, namespace="address")
        self._registrations = RateLimitItemPerSecond(
            limits.registrations_per_address, limits.registration_window_s, namespace="registrations"
        )

    def __len__(self) -> int:
        """Usernames and addresses that are counted now."""
        return len(self._counts)

    @property
    def forgotten(self) -> int:
        """How often one of them was forgotten because there were too many."""
        return self._counts.forgotten

    def login(self, username: str, address: str | None) -> None:
        """Somebody tries. Counted before it is known whether it succeeds, so that many at once are not too many.

        Raises ``RateLimited``.
        """
        if address is not None:
            self._hit(self._address, network_of(address), "attempts to log in from this address")
        self._hit(self._username, username, "attempts to log in as this user")

    def succeeded(self, username: str, address: str | None) -> None:
        """That one knew the password."""
        self._counts.clear(self._username.key_for(username))
        if address is not None:  # an office logs in behind one address; only its failures count
            self._counts.incr(self._address.key_for(network_of(address)), self._address.get_expiry(), -1)

    def registration(self, address: str | None) -> None:
        """Somebody registers. Raises ``RateLimited``."""
        if address is not None:
            self._hit(self._registrations, network_of(address), "registrations from this address")

    def _hit(self, item: RateLimitItem, key: str, what: str) -> None:
        if self._limiter.hit(item, key):
            return
        wait_s = whole_seconds(self._counts.get_expiry(item.key_for(key)) - self._now_s())
        raise RateLimited(
            f"too many {what}; try again in {wait_s} s",
            retry_after_s=wait_s,
            limit=item.amount,
            window_s=item.get_expiry(),
        )


class _Counts(Storage):
    """Fixed windows in memory, bounded, by a clock of choice.

    The library's own grows without bound, reads the wall clock and runs a thread.
    """

    STORAGE_SCHEME = None

    def __init__(self, max_keys: int, now_s: Callable[[], float]) -> None:
        super().__init__()
        self.forgotten = 0
        self._max_keys = max_keys
        self._now_s = now_s
        self._windows: OrderedDict[str, tuple[int, float]] = OrderedDict()  # count and end, oldest window first

    def __len__(self) -> int:
        return len(self._windows)

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        now = self._now_s()
        count, end = self._windows.get(key, (0, 0.0))
        if end <= now:
            self._windows.pop(key, None)
            count, end = 0, now + expiry
        self._windows[key] = max(0, count + amount), end
        if len(self._windows) > self._max_keys:
            _, (_, end_of_oldest) = self._windows.popitem(last=False)
            self.forgotten += end_of_oldest > now
        return max(0, count + amount)

    def get(self, key: str) -> int:
        count, end = self._windows.get(key, (0, 0.0))
        return count if end > self._now_s() else 0

    def get_expiry(self, key: str) -> float:
        return self._windows.get(key, (0, self._now_s()))[1]

    def clear(self, key: str) -> None:
        self._windows.pop(key, None)

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        self._windows.clear()
        return 0
