"""The stores that keep the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from itertools import count
from pathlib import Path

import pytest

from comment_service.store import Store
from comment_service.store.cassandra import CassandraStore
from comment_service.store.sqlite import SqliteStore
from tests.support.cassandra import SharedCassandra

NewStore = Callable[[], Store]


@pytest.fixture(params=["sqlite", "cassandra"])
def new_store(request: pytest.FixtureRequest, tmp_path: Path) -> NewStore:
    """Makes stores that are not started yet. The first is empty; on Cassandra the others share what is in it."""
    if request.param == "sqlite":
        files = count()
        return lambda: SqliteStore(tmp_path / f"comments-{next(files)}.sqlite3")
    cassandra: SharedCassandra = request.getfixturevalue("cassandra")
    cassandra.empty()
    return lambda: CassandraStore(cassandra.options)


@pytest.fixture
async def store(new_store: NewStore) -> AsyncIterator[Store]:
    """A started, empty store."""
    store = new_store()
    await store.start()
    yield store
    await store.aclose()
