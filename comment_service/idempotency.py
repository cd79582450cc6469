"""Requests that come twice and are to be done once: the key, what it stands for, and those that are under way."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from comment_service.refusal import InvalidArgument, KeyReused

MAX_KEY_CHARACTERS = 255
T = TypeVar("T")


def check_key(key: str) -> str:
    """``key``. Raises ``InvalidArgument`` where it is not 1 to 255 visible ASCII characters."""
    if not 1 <= len(key) <= MAX_KEY_CHARACTERS or not all("!" <= character <= "~" for character in key):
        raise InvalidArgument("idempotency_key", f"is not 1 to {MAX_KEY_CHARACTERS} visible ASCII characters")
    return key


def digest_of(*parts: object) -> bytes:
    """Of a request's content, 32 bytes; ``parts`` as JSON can say them."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=True).encode()).digest()


def require_same(claimed: bytes, digest: bytes) -> None:
    """Raises ``KeyReused``."""
    if claimed != digest:
        raise KeyReused("the idempotency key came before, with another request")


class Told:
    """Ids of what was announced here, the latest ``limit``: of comments, of deletions, or of videos that ended."""

    def __init__(self, limit: int = 10_000) -> None:
        self._limit = limit
        self._ids: dict[int | str, None] = {}

    def add(self, id: int | str) -> bool:
        """False where it is known."""
        if id in self._ids:
            return False
        self._ids[id] = None
        if len(self._ids) > self._limit:
            del self._ids[next(iter(self._ids))]
        return True

    def discard(self, id: int | str) -> None:
        """It was not announced after all."""
        self._ids.pop(id, None)


class UnderWay(Generic[T]):
    """Requests by user and key: one that comes while its like is being done gets the same answer.

    Bounded by the requests that are being answered.
    """

    def __init__(self) -> None:
        self._tasks: dict[tuple[str, str], tuple[bytes, asyncio.Task[T]]] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    async def run(self, user_id: str, key: str, digest: bytes, do: Callable[[], Awaitable[T]]) -> T:
        """What ``do`` gives, also where this caller goes meanwhile. Raises ``KeyReused``, and what ``do`` raises."""
        who = user_id, key
        if who in self._tasks:
            claimed, task = self._tasks[who]
            require_same(claimed, digest)
        else:
            task = asyncio.ensure_future(_awaited(do()))
            self._tasks[who] = digest, task
            task.add_done_callback(lambda _: self._tasks.pop(who))
        return await asyncio.shield(task)


async def _awaited(result: Awaitable[T]) -> T:
    return await result
