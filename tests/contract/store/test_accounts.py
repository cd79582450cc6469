"""Accounts in a store."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from comment_service.account import Account
from comment_service.store import Store, StoreConflict

ADA = Account("u-1", "ada", "Ada", "$argon2id$…", frozenset({"viewer"}), 1_795_262_400_123)


async def test_an_account_is_found_by_both_its_names_and_by_nothing_else(store: Store) -> None:
    grace = Account("u-2", "grace", "Grace ✓", "hash", frozenset({"viewer", "admin"}), 0)
    await store.accounts.add(ADA)
    await store.accounts.add(grace)
    assert await store.accounts.by_username("ada") == await store.accounts.by_user_id("u-1") == ADA
    assert await store.accounts.by_username("grace") == await store.accounts.by_user_id("u-2") == grace
    for nobody in ("", "Ada", "ad", "ada ", "u-1", "%", "' OR 1=1 --"):
        assert await store.accounts.by_username(nobody) is None
    assert await store.accounts.by_user_id("ada") is None


async def test_a_username_is_had_once(store: Store) -> None:
    await store.accounts.add(ADA)
    with pytest.raises(StoreConflict):
        await store.accounts.add(replace(ADA, user_id="u-2", name="Another"))
    assert await store.accounts.by_username("ada") == ADA
    assert await store.accounts.by_user_id("u-2") is None


async def test_of_many_at_once_one_gets_the_username(store: Store) -> None:
    wanted = [replace(ADA, user_id=f"u-{number}") for number in range(10)]
    ended = await asyncio.gather(*(store.accounts.add(account) for account in wanted), return_exceptions=True)
    assert [type(end) for end in ended if end is not None] == [StoreConflict] * 9
    (winner,) = (account for account, end in zip(wanted, ended, strict=True) if end is None)
    assert await store.accounts.by_username("ada") == winner
    found = [await store.accounts.by_user_id(account.user_id) for account in wanted]
    assert [account for account in found if account is not None] == [winner]


async def test_a_new_password_and_new_roles_stay(store: Store) -> None:
    await store.accounts.add(ADA)
    assert await store.accounts.set_password_hash("u-1", "another", replaces=ADA.password_hash)
    assert await store.accounts.set_roles("u-1", frozenset({"moderator", "viewer"}))
    expected = replace(ADA, password_hash="another", roles=frozenset({"viewer", "moderator"}))
    assert await store.accounts.by_username("ada") == expected
    assert await store.accounts.by_user_id("u-1") == expected
    assert await store.accounts.set_roles("u-1", frozenset())
    assert (await store.accounts.by_user_id("u-1")) == replace(expected, roles=frozenset())


async def test_only_the_password_that_it_replaces_is_taken(store: Store) -> None:
    await store.accounts.add(ADA)
    await store.accounts.add(replace(ADA, user_id="u-2", username="grace"))
    assert await store.accounts.set_password_hash("u-1", "second", replaces=ADA.password_hash)
    for replaces in (ADA.password_hash, "", "third", "SECOND"):
        assert not await store.accounts.set_password_hash("u-1", "third", replaces=replaces)
    assert await store.accounts.by_user_id("u-1") == replace(ADA, password_hash="second")
    assert await store.accounts.by_user_id("u-2") == replace(ADA, user_id="u-2", username="grace")


async def test_of_many_passwords_at_once_one_becomes_it(store: Store) -> None:
    await store.accounts.add(ADA)
    wanted = [f"hash {number}" for number in range(10)]
    became = await asyncio.gather(
        *(store.accounts.set_password_hash("u-1", text, replaces=ADA.password_hash) for text in wanted)
    )
    (winner,) = (text for text, did in zip(wanted, became, strict=True) if did)
    assert await store.accounts.by_username("ada") == replace(ADA, password_hash=winner)


async def test_what_is_not_there_is_not_made(store: Store) -> None:
    assert not await store.accounts.set_password_hash("u-9", "hash", replaces="")
    assert not await store.accounts.set_roles("u-9", frozenset({"admin"}))
    assert await store.accounts.by_user_id("u-9") is None
