"""The stores that keep the contract. Cassandra joins them here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from comment_service.store import Store
from comment_service.store.sqlite import SqliteStore


@pytest.fixture(params=["sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """A started, empty store."""
    store = SqliteStore(tmp_path / "comments.sqlite3")
    await store.start()
    yield store
    await store.aclose()
