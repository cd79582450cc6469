"""How long to wait before the next attempt."""

from __future__ import annotations

import random


class Backoff:
    """Waits that double from ``first_s`` up to ``longest_s``, each spread over half to all of it.

    The spread keeps many clients that lost the same server from coming back at the same moment.
    """

    def __init__(self, *, first_s: float, longest_s: float) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._next_s = first_s

    def next_s(self) -> float:
        """The wait before the next attempt, in seconds; longer each time."""
        wait_s, self._next_s = self._next_s, min(self._next_s * 2, self._longest_s)
        return jittered(wait_s)

    def reset(self) -> None:
        """An attempt has worked."""
        self._next_s = self._first_s


def jittered(wait_s: float) -> float:
    """Between half of ``wait_s`` and all of it."""
    return wait_s * random.uniform(0.5, 1.0)  # noqa: S311 - spreading load, not a secret
