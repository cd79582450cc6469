"""What somebody waits for who may go, without ending what they wait for."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TypeVar

T = TypeVar("T")


def outcome_of(work: asyncio.Future[T]) -> asyncio.Future[T]:
    """Ends as ``work`` does. Whoever awaits it may be cancelled (a deadline, a closed connection); ``work`` goes on.

    Where it is cancelled, failed already or not, no failure is reported as one that nobody has seen.
    ``asyncio.shield`` for the way of every post, at a third of its time.
    """
    outcome: asyncio.Future[T] = work.get_loop().create_future()
    work.add_done_callback(partial(hand_on, outcome))
    return outcome


def hand_on(outcome: asyncio.Future[T], work: asyncio.Future[T]) -> None:
    """Ends ``outcome`` as ``work`` has ended, unless nobody waits for it any more."""
    if work.cancelled():
        outcome.cancel()
        return
    error = work.exception()  # asked for in any case: where nobody waits any more it is nobody's
    if outcome.done():
        return
    if error is None:
        outcome.set_result(work.result())
    else:
        outcome.set_exception(error)
