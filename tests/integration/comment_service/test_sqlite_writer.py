"""Group commit on a real database."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from comment_service.store import StoreConflict, StoreOverloaded, StoreUnavailable
from comment_service.store.sqlite.writer import SqliteWriter

Insert = Callable[[sqlite3.Connection], None]


class Numbers:
    """A writer on a table of numbers, each of which is there once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.factory = sqlite3.Connection
        self.batches: list[tuple[int, bool]] = []
        self.writer = SqliteWriter(
            self._connect, max_batch=10, max_waiting=100, busy_timeout_s=1.0, on_batch=self._on_batch
        )

    def rows(self) -> list[int]:
        with sqlite3.connect(self.path) as connection:
            return [number for (number,) in connection.execute("SELECT n FROM numbers ORDER BY n")]

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, factory=self.factory)
        connection.execute("CREATE TABLE IF NOT EXISTS numbers (n INTEGER PRIMARY KEY)")
        return connection

    def _on_batch(self, items: int, _took_s: float, committed: bool) -> None:
        self.batches.append((items, committed))


@pytest.fixture
async def numbers(tmp_path: Path) -> AsyncIterator[Numbers]:
    numbers = Numbers(tmp_path / "numbers.sqlite3")
    await numbers.writer.start()
    yield numbers
    await numbers.writer.aclose()


def inserting(*values: int) -> Insert:
    def insert(connection: sqlite3.Connection) -> None:
        for value in values:
            connection.execute("INSERT INTO numbers VALUES (?)", (value,))

    return insert


async def test_what_waits_is_committed_together_in_bounded_batches(numbers: Numbers) -> None:
    await asyncio.gather(*[numbers.writer.submit(inserting(n)) for n in range(95)])
    assert numbers.rows() == list(range(95))
    assert sum(items for items, _ in numbers.batches) == 95
    assert max(items for items, _ in numbers.batches) == 10
    assert all(committed for _, committed in numbers.batches)
    assert numbers.writer.waiting == 0


async def test_a_write_that_fails_half_way_leaves_nothing_and_fails_alone(numbers: Numbers) -> None:
    writes = [numbers.writer.submit(inserting(*values)) for values in ((1,), (2, 3, 1), (4,), (2**70,), (5,))]
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [type(None), StoreConflict, type(None), OverflowError, type(None)]
    assert numbers.rows() == [1, 4, 5]


async def test_what_a_write_returns_is_its_future_s_result(numbers: Numbers) -> None:
    await numbers.writer.submit(inserting(1, 2, 3))
    assert await numbers.writer.submit(lambda c: c.execute("SELECT count(*) FROM numbers").fetchone()[0]) == 3


async def test_an_error_of_the_database_fails_the_batch_and_the_next_one_works(numbers: Numbers) -> None:
    writes = [numbers.writer.submit(write) for write in (inserting(1), lambda c: c.execute("no SQL"), inserting(2))]
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert any(isinstance(outcome, StoreUnavailable) for outcome in outcomes)
    failed = [n for n, outcome in ((1, outcomes[0]), (2, outcomes[2])) if outcome is not None]
    assert numbers.rows() == [n for n in (1, 2) if n not in failed]
    await numbers.writer.submit(inserting(3))
    assert 3 in numbers.rows()


class Ending(sqlite3.Connection):
    """Its transactions end with that error of SQLite's, once."""

    error: int | None = None

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        if sql == "COMMIT" and Ending.error is not None:
            failure = sqlite3.OperationalError("of the disk")
            failure.sqlite_errorcode, Ending.error = Ending.error, None
            raise failure
        return super().execute(sql, *parameters)


@pytest.mark.parametrize(
    ("code", "in_doubt"),
    [(sqlite3.SQLITE_IOERR_FSYNC, True), (sqlite3.SQLITE_IOERR, True), (sqlite3.SQLITE_FULL, False)],
)
async def test_only_what_the_disk_may_have_is_in_doubt(
    numbers: Numbers, monkeypatch: pytest.MonkeyPatch, code: int, in_doubt: bool
) -> None:
    numbers.factory = Ending
    monkeypatch.setattr(Ending, "error", code)
    with pytest.raises(StoreUnavailable) as failed:
        await numbers.writer.submit(inserting(1))
    assert failed.value.in_doubt is in_doubt
    with pytest.raises(StoreUnavailable) as failed:
        await numbers.writer.submit(lambda c: c.execute("no SQL"))
    assert not failed.value.in_doubt
    await numbers.writer.submit(inserting(2))
    assert numbers.rows() == [2]


async def test_waiting_writes_are_bounded(numbers: Numbers) -> None:
    writes = [numbers.writer.submit(inserting(n)) for n in range(100)]
    with pytest.raises(StoreOverloaded):
        numbers.writer.submit(inserting(100))
    await asyncio.gather(*writes)
    await numbers.writer.submit(inserting(100))


async def test_closing_commits_what_waits_and_refuses_the_rest(numbers: Numbers) -> None:
    writes = [numbers.writer.submit(inserting(n)) for n in range(50)]
    await numbers.writer.aclose()
    assert all(write.done() for write in writes)
    assert numbers.rows() == list(range(50))
    with pytest.raises(StoreUnavailable):
        numbers.writer.submit(inserting(99))
