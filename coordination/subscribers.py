"""Callbacks that others hang on an event."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog

T = TypeVar("T")


def subscribe(callbacks: list[Callable[[T], None]], callback: Callable[[T], None]) -> Callable[[], None]:
    """Adds ``callback``; what is returned takes it away again, once."""
    callbacks.append(callback)

    def unsubscribe() -> None:
        if callback in callbacks:
            callbacks.remove(callback)

    return unsubscribe


def call_all(callbacks: Sequence[Callable[[T], None]], what: T) -> None:
    """Calls each with ``what``; one that raises is logged and keeps nothing from the others."""
    for callback in list(callbacks):
        try:
            callback(what)
        except Exception:
            structlog.get_logger().exception("subscriber_failed")
