"""What was used of each allowance: a bounded store of sliding windows for the library ``limits``."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from limits.storage import Storage
from limits.storage.base import SlidingWindowCounterSupport


class SlidingWindows(Storage, SlidingWindowCounterSupport):
    """The sliding window counter: what was used in this window, and of the one before as much as still reaches in.

    Of at most ``max_keys`` keys; beyond that the one that was used least recently is forgotten, and ``forgotten``
    counts it. The library's own store grows without bound, reads the wall clock and runs threads. ``now_s``: any clock
    in seconds that never steps back.
    """

    STORAGE_SCHEME = None

    def __init__(self, max_keys: int, *, now_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self.forgotten = 0
        self._max_keys = max_keys
        self._now_s = now_s
        # key → number of the window, used in it, used in the one before, seconds of a window; least recent first
        self._windows: OrderedDict[str, tuple[int, int, int, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._windows)

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """False, and nothing is used, where ``amount`` more would be over ``limit``."""
        window, reaches_in = divmod(self._now_s(), expiry)
        current, previous = self._used(key, int(window))
        if previous * (1 - reaches_in / expiry) + current + amount > limit:
            return False
        self._put(key, (int(window), current + amount, previous, expiry))
        return True

    def give_back(self, key: str, amount: int) -> None:
        """What was just acquired was not used after all."""
        if (found := self._windows.get(key)) is not None:
            window, current, previous, expiry = found
            self._windows[key] = window, max(0, current - amount), previous, expiry

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Used in the window before, seconds that it still reaches in, used in this one, seconds that that counts."""
        window, passed_s = divmod(self._now_s(), expiry)
        current, previous = self._used(key, int(window))
        return previous, expiry - passed_s, current, 2 * expiry - passed_s

    def wait_s(self, key: str, limit: int, expiry: int, amount: int) -> float:
        """Seconds until ``amount`` can be acquired, if nobody else does."""
        window, passed_s = divmod(self._now_s(), expiry)
        current, previous = self._used(key, int(window))
        room, left_s = limit - amount, expiry - passed_s
        if room < 0:
            return expiry  # it never can
        if current <= room:
            over = previous * left_s / expiry + current - room
            return max(0.0, over * expiry / previous) if previous else 0.0
        return left_s + expiry * (1 - room / current)

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        self._windows.pop(key, None)

    def _used(self, key: str, window: int) -> tuple[int, int]:
        found = self._windows.get(key)
        if found is None:
            return 0, 0
        last, current, previous, _ = found
        if last == window:
            return current, previous
        return 0, current if last == window - 1 else 0

    def _put(self, key: str, used: tuple[int, int, int, int]) -> None:
        windows = self._windows
        windows[key] = used
        windows.move_to_end(key)
        oldest = next(iter(windows))
        window, _, _, expiry = windows[oldest]
        if (window + 2) * expiry <= self._now_s():
            del windows[oldest]
        elif len(windows) > self._max_keys:
            del windows[oldest]
            self.forgotten += 1

    # The rest of the library's interface is of other strategies.

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        raise NotImplementedError

    def get(self, key: str) -> int:
        raise NotImplementedError

    def get_expiry(self, key: str) -> float:
        raise NotImplementedError

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        number = len(self._windows)
        self._windows.clear()
        return number

    def clear(self, key: str) -> None:
        self._windows.pop(key, None)


def whole_seconds(wait_s: float) -> int:
    """As ``Retry-After`` can say it: at least 1, and never too early."""
    return max(1, math.ceil(wait_s))
