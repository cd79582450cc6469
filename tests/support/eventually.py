"""Waiting in tests: for a condition, with a deadline, never for a time."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(
    condition: Callable[[], T | Awaitable[T]],
    *,
    timeout_s: float = 10.0,
    every_s: float = 0.01,
    what: str = "",
) -> T:
    """Returns the first truthy value of ``condition`` (sync or async).

    Raises ``AssertionError`` with ``what`` and the last value once ``timeout_s`` has passed.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        outcome = condition()
        value: T = await outcome if inspect.isawaitable(outcome) else outcome
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s} s: {what or condition}; last value {value!r}")
        await asyncio.sleep(every_s)
