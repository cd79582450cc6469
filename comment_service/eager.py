"""Coroutines that mostly end without waiting for anything, and need no task then."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Coroutine, Generator
from functools import partial
from typing import Any


def start(coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
    """Runs it until it waits; None where it has ended before that, else the task that goes on with it.

    Raises what it raises before it waits. Python 3.12's eager tasks, for a service that has to run on 3.11 too; until
    it waits ``asyncio.current_task`` is the caller's, so it must not set a timeout of its own before.
    """
    try:
        awaited = coroutine.send(None)
    except StopIteration:
        return None
    return asyncio.ensure_future(_go_on(coroutine, awaited))


@types.coroutine
def _go_on(coroutine: Coroutine[Any, Any, None], awaited: Any) -> Generator[Any, Any, None]:
    while True:
        try:
            value = yield awaited
        except BaseException as error:  # a cancellation too is for the coroutine to see
            step = partial(coroutine.throw, error)
        else:
            step = partial(coroutine.send, value)
        try:
            awaited = step()
        except StopIteration:
            return
