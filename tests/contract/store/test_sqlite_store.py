"""What only the embedded store promises."""

from __future__ import annotations

import asyncio
from pathlib import Path

from comment_service.store import StoreConflict
from comment_service.store.requests import RequestClaim
from comment_service.store.sqlite import SqliteLimits, SqliteStore
from comment_service.store.sqlite.database import SqliteDatabase
from comment_service.store.sqlite.requests import SqliteRequests
from tests.contract.store.filling import a_comment, ids


async def test_an_id_is_taken_once_and_its_conflict_fails_nothing_else(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "comments.sqlite3")
    await store.start()
    await store.comments.add(a_comment(1, content="first"))
    together = [store.comments.add(a_comment(n, author_id="u-18", content="second")) for n in (2, 1, 3)]
    before, conflict, after = await asyncio.gather(*together, return_exceptions=True)
    assert before is None
    assert after is None
    assert isinstance(conflict, StoreConflict)
    assert ids(await store.comments.before("match-42", None, 10)) == [3, 2, 1]
    kept = await store.comments.get("match-42", 1)
    assert kept is not None
    assert kept.content == "first"
    await store.aclose()


async def test_a_claim_is_forgotten_after_a_day(tmp_path: Path) -> None:
    now_ms = 1_795_262_400_000
    database = SqliteDatabase(tmp_path / "comments.sqlite3", SqliteLimits(), on_batch=lambda *_: None)
    await database.start()
    requests = SqliteRequests(database, clock_ms=lambda: now_ms)
    first, second = RequestClaim(b"a", 1), RequestClaim(b"b", 2)
    assert await requests.claim("u-1", "k", first) == first
    now_ms += 24 * 3600 * 1000 - 1
    assert await requests.claim("u-1", "k", second) == first
    now_ms += 1
    assert await requests.find("u-1", "k") is None
    assert await requests.claim("u-1", "k", second) == second
    await database.aclose()


async def test_several_share_one_file_and_each_sees_what_the_others_write(tmp_path: Path) -> None:
    """As comment services of several data centres on one machine do; none is kept from writing by the others."""
    stores = [SqliteStore(tmp_path / "comments.sqlite3", SqliteLimits(max_batch=5)) for _ in range(3)]
    await asyncio.gather(*(store.start() for store in stores))
    comment_ids = range(1, 601)
    await asyncio.gather(*(stores[n % 3].comments.add(a_comment(n)) for n in comment_ids))
    totals = await asyncio.gather(*(store.reactions.count_for_video("match-42", {"like": 1}) for store in stores))
    assert sorted(each["like"] for each in totals) == [1, 2, 3]
    for store in stores:
        assert ids(await store.comments.after("match-42", 0, 1_000)) == list(comment_ids)
        await store.aclose()
