"""What only the embedded store promises."""

from __future__ import annotations

import asyncio
from pathlib import Path

from comment_service.store import StoreConflict
from comment_service.store.sqlite import SqliteStore
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
