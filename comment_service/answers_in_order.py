"""A stream's requests, answered a few at a time and in their order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import TypeVar

from service_kit.tasks import end_tasks

Q = TypeVar("Q")
A = TypeVar("A")


async def in_order(
    requests: AsyncIterator[Q], answer: Callable[[Q], Awaitable[A]], *, window: int
) -> AsyncGenerator[A, None]:
    """The answer to each of ``requests``, of which ``window`` are under way or wait to be taken at a time.

    Raises what ``requests`` or ``answer`` raises, after the answers before it. Closed, it cancels what is under way.
    """
    room = asyncio.Semaphore(window)
    answers: asyncio.Queue[asyncio.Future[A] | None] = asyncio.Queue()
    under_way: set[asyncio.Future[A]] = set()

    async def read() -> None:
        try:
            async for request in requests:
                await room.acquire()
                future = asyncio.ensure_future(answer(request))
                under_way.add(future)
                answers.put_nowait(future)
        finally:
            answers.put_nowait(None)

    reading = asyncio.ensure_future(read())
    try:
        while (future := await answers.get()) is not None:
            yield await future
            under_way.discard(future)
            room.release()
        await reading
    finally:
        await end_tasks(reading, *under_way)
