"""Passwords: hashed with argon2id on a few threads, so that the loop never waits for one."""

from __future__ import annotations

import asyncio
import base64
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import Argon2Error, InvalidHashError

from comment_service.refusal import InvalidArgument, PasswordsBusy

MIN_CHARACTERS = 8
MAX_CHARACTERS = 128
_SALT_BYTES = 16
_HASH_BYTES = 32

T = TypeVar("T")


@dataclass(frozen=True)
class PasswordCost:
    """argon2id's parameters. The defaults are the least that OWASP's password storage cheat sheet asks for."""

    memory_kib: int = 19 * 1024
    passes: int = 2
    lanes: int = 1


class Passwords:
    """Hashes on ``threads`` threads; ``max_waiting`` more may wait for one."""

    def __init__(self, cost: PasswordCost | None = None, *, threads: int = 2, max_waiting: int = 64) -> None:
        cost = cost or PasswordCost()
        self._hasher = PasswordHasher(
            time_cost=cost.passes,
            memory_cost=cost.memory_kib,
            parallelism=cost.lanes,
            hash_len=_HASH_BYTES,
            salt_len=_SALT_BYTES,
            type=Type.ID,
        )
        self._nobody = _hash_of_nobody(cost)
        self._room = threads + max_waiting
        self._threads = threads
        self._pool: ThreadPoolExecutor | None = None
        self.under_way = 0
        """Hashes that are computed or wait."""

    async def hash(self, password: str) -> str:
        """argon2id's encoded form, its parameters and salt included. Raises ``PasswordsBusy``."""
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, encoded: str | None, password: str) -> bool:
        """Whether ``password`` is the one behind ``encoded``. Raises ``PasswordsBusy``.

        ``encoded`` None (there is no such user) is False after as much work as any other.
        """
        matches = await self._run(lambda: self._matches(encoded or self._nobody, password))
        return matches and encoded is not None

    def is_outdated(self, encoded: str) -> bool:
        """True where it was made with other parameters than are set now."""
        return self._hasher.check_needs_rehash(encoded)

    def close(self) -> None:
        """Lets the threads go once they are done; who waits is cancelled. Idempotent."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        if self.under_way >= self._room:
            raise PasswordsBusy("too many are signing in at this moment; try again in a moment")
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="passwords")
        self.under_way += 1
        done = asyncio.get_running_loop().run_in_executor(self._pool, work)
        # By the work's end, not the caller's: one who has gone still has a thread working.
        done.add_done_callback(self._one_less)
        return await asyncio.shield(done)

    def _one_less(self, _: object) -> None:
        self.under_way -= 1

    def _matches(self, encoded: str, password: str) -> bool:
        try:
            return self._hasher.verify(encoded, password)
        except (Argon2Error, InvalidHashError):
            return False


def clean_password(text: str, *, field: str = "password") -> str:
    """The password in NFKC, so that it is the same from every keyboard.

    Raises ``InvalidArgument`` for ``field``, which never has it in it, where it is not 8 to 128 characters long.
    """
    if not MIN_CHARACTERS <= len(text) <= MAX_CHARACTERS:
        raise InvalidArgument(field, f"is not {MIN_CHARACTERS} to {MAX_CHARACTERS} characters long")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidArgument(field, "has a lone surrogate, which is no character")
    return unicodedata.normalize("NFKC", text)


def _hash_of_nobody(cost: PasswordCost) -> str:
    """An encoded form that no password has, and that costs as much to check as any."""

    def random_text(size: int) -> str:
        return base64.b64encode(secrets.token_bytes(size)).rstrip(b"=").decode()

    parameters = f"m={cost.memory_kib},t={cost.passes},p={cost.lanes}"
    return f"$argon2id$v=19${parameters}${random_text(_SALT_BYTES)}${random_text(_HASH_BYTES)}"
