"""Waiting in tests: for a condition, with a deadline, never for a time."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")


@overload
async def eventually(
    condition: Callable[[], Awaitable[T]], *, timeout_s: float = ..., every_s: float = ..., what: str = ...
) -> T: ...
@overload
async def eventually(
    condition: Callable[[], T], *, timeout_s: float = ..., every_s: float = ..., what: str = ...
) -> T: ...
async def eventually(
    condition: Callable[[], Any], *, timeout_s: float = 30.0, every_s: float = 0.01, what: str = ""
) -> Any:
    """Returns the first truthy value of ``condition`` (sync or async).

    Raises ``AssertionError`` with ``what`` and the last value once ``timeout_s`` has passed.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        outcome = condition()
        value = await outcome if inspect.isawaitable(outcome) else outcome
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s} s: {what or condition}; last value {value!r}")
        await asyncio.sleep(every_s)
