"""Passwords: real argon2, at its cheapest."""

from __future__ import annotations

import asyncio
import threading
from typing import Literal

import pytest
from argon2 import PasswordHasher

from comment_service.accounts import PasswordCost, Passwords
from comment_service.accounts.passwords import clean_password
from comment_service.refusal import InvalidArgument, PasswordsBusy

CHEAP = PasswordCost(memory_kib=8, passes=1)


async def test_a_password_is_known_again_and_no_other() -> None:
    passwords = Passwords(CHEAP)
    encoded = await passwords.hash("correct horse")
    assert encoded.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert await passwords.verify(encoded, "correct horse")
    assert not await passwords.verify(encoded, "Correct horse")
    assert encoded != await passwords.hash("correct horse")
    passwords.close()


async def test_nobody_s_password_is_never_right_and_is_hashed_all_the_same() -> None:
    passwords = Passwords(CHEAP)
    hashed: list[str] = []

    class Watched(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
            hashed.append(str(hash))
            return super().verify(hash, password)

    passwords._hasher = Watched(memory_cost=8, time_cost=1, parallelism=1)
    assert not await passwords.verify(None, "correct horse")
    encoded = await passwords.hash("correct horse")
    await passwords.verify(encoded, "wrong horse")
    nobody, ada = (text.split("$") for text in hashed)
    assert nobody[:4] == ada[:4], "the same algorithm and cost"
    assert list(map(len, nobody)) == list(map(len, ada))
    passwords.close()


@pytest.mark.parametrize("encoded", ["", "plain text", "$argon2id$v=19$m=8,t=1,p=1$short"])
async def test_a_hash_that_is_none_matches_nothing(encoded: str) -> None:
    passwords = Passwords(CHEAP)
    assert not await passwords.verify(encoded, "correct horse")
    passwords.close()


async def test_another_cost_outdates_a_hash() -> None:
    encoded = await (old := Passwords(CHEAP)).hash("correct horse")
    new = Passwords(PasswordCost(memory_kib=16, passes=1))
    assert not old.is_outdated(encoded)
    assert new.is_outdated(encoded)
    assert await new.verify(encoded, "correct horse")
    old.close()
    new.close()


async def test_the_loop_goes_on_and_what_has_no_room_is_refused() -> None:
    passwords = Passwords(CHEAP, threads=1, max_waiting=2)
    gate = threading.Event()

    class Slow(PasswordHasher):
        def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
            gate.wait(10)
            return super().hash(password, salt=salt)

    passwords._hasher = Slow(memory_cost=8, time_cost=1, parallelism=1)
    waiting = [asyncio.create_task(passwords.hash(f"password {n}")) for n in range(3)]
    await asyncio.sleep(0)  # the loop turns while the thread hashes
    with pytest.raises(PasswordsBusy):
        await passwords.hash("one too many")
    assert passwords.under_way == 3
    waiting[0].cancel()
    await asyncio.gather(waiting[0], return_exceptions=True)
    with pytest.raises(PasswordsBusy):  # who has gone still has the thread working
        await passwords.hash("one too many")
    gate.set()
    await asyncio.gather(*waiting[1:])
    assert passwords.under_way == 0
    assert await passwords.hash("another one")
    passwords.close()


@pytest.mark.parametrize("password", ["", "seven77", "x" * 129])
def test_a_password_has_a_length(password: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        clean_password(password)
    assert not password or password not in str(refused.value)


def test_a_password_is_the_same_from_every_keyboard() -> None:
    assert clean_password("cafe\u0301 au lait") == clean_password("café au lait")
    assert clean_password(" with spaces ") == " with spaces "
