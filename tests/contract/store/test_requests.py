"""What every store remembers of requests that may come twice."""

from __future__ import annotations

import asyncio

from comment_service.store import Store
from comment_service.store.requests import RequestClaim

FIRST, SECOND = RequestClaim(b"\x00digest\xff", 2**62), RequestClaim(b"another", 8)


async def test_the_first_claim_stands(store: Store) -> None:
    assert await store.requests.find("u-1", "k") is None
    assert await store.requests.claim("u-1", "k", FIRST) == FIRST
    assert await store.requests.claim("u-1", "k", SECOND) == FIRST
    assert await store.requests.claim("u-1", "k", FIRST) == FIRST
    assert await store.requests.find("u-1", "k") == FIRST


async def test_a_key_is_a_user_s_own(store: Store) -> None:
    await store.requests.claim("u-1", "k", FIRST)
    assert await store.requests.claim("u-2", "k", SECOND) == SECOND
    assert await store.requests.claim("u-1", "K", SECOND) == SECOND
    assert await store.requests.find("u-3", "k") is None


async def test_of_many_at_once_one_stands(store: Store) -> None:
    claims = [RequestClaim(b"d", n) for n in range(1, 30)]
    stood = await asyncio.gather(*[store.requests.claim("u-1", "k", claim) for claim in claims])
    assert len(set(stood)) == 1
    assert await store.requests.find("u-1", "k") == stood[0]
