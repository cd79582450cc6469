"""One SQLite file: its writer, its readers, and how each opens it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from comment_service.store.errors import StoreError, StoreUnavailable
from comment_service.store.sqlite.readers import SqliteReaders
from comment_service.store.sqlite.schema import migrate
from comment_service.store.sqlite.writer import OnBatch, SqliteWriter

_WAL_BYTES = 64 * 1024 * 1024
_PAGE_BYTES = 4096

T = TypeVar("T")
Parameters = tuple[Any, ...] | Mapping[str, Any]


@dataclass(frozen=True)
class SqliteLimits:
    """Bounds of a ``SqliteStore``.

    ``max_bytes`` bounds the database file; 0: only the disk does. ``busy_timeout_s``: how long a write waits for
    another process's lock, another comment service's or a backup's, before it fails.
    """

    max_bytes: int = 0
    max_batch: int = 500
    max_waiting_writes: int = 10_000
    max_waiting_reads: int = 1_000
    reader_threads: int = 2
    busy_timeout_s: float = 1.0


class SqliteDatabase:
    """Any processes of one machine may write and read the file. ``start`` brings its schema up to date."""

    def __init__(self, path: Path, limits: SqliteLimits, *, on_batch: OnBatch) -> None:
        self.path = path.absolute()
        self._limits = limits
        self._writer = SqliteWriter(
            self._open_for_the_writer,
            max_batch=limits.max_batch,
            max_waiting=limits.max_waiting_writes,
            busy_timeout_s=limits.busy_timeout_s,
            on_batch=on_batch,
        )
        self._readers = SqliteReaders(
            self._open_for_reading, threads=limits.reader_threads, max_waiting=limits.max_waiting_reads
        )

    @property
    def waiting_writes(self) -> int:
        """Writes that are queued or being committed."""
        return self._writer.waiting

    @property
    def waiting_reads(self) -> int:
        """Reads that are queued or running."""
        return self._readers.waiting

    async def start(self) -> None:
        """Raises ``StoreError``."""
        try:
            await asyncio.to_thread(self._prepare)
        except (OSError, sqlite3.Error) as error:
            raise StoreUnavailable(f"the database {self.path} cannot be opened: {error}") from error
        except StoreError as error:
            raise StoreError(f"{self.path}: {error}") from error
        await self._writer.start()

    async def aclose(self) -> None:
        """Finishes what was taken in."""
        await self._writer.aclose()
        await self._readers.aclose()

    def write(self, run: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
        """Runs in the writer's thread, in the order of the calls; what it returns is there once it is on the disk.

        A constraint that it violates undoes it alone: ``StoreConflict``. Whoever stops waiting does not stop it.
        """
        return self._writer.submit(run)

    def execute(self, sql: str, parameters: Parameters) -> asyncio.Future[int]:
        """``write`` of one statement: how many rows it changed."""
        return self.write(lambda connection: connection.execute(sql, parameters).rowcount)

    async def rows(self, sql: str, parameters: Parameters) -> list[tuple[Any, ...]]:
        """All rows of one statement."""
        return await self._readers.run(lambda connection: connection.execute(sql, parameters).fetchall())

    def _prepare(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = self._open_for_writing()
        try:
            migrate(connection)
        finally:
            connection.close()

    def _open_for_writing(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=self._limits.busy_timeout_s, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL fsyncs the log at every commit: what was acknowledged outlives the machine's power.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
        if self._limits.max_bytes:
            connection.execute(f"PRAGMA max_page_count = {max(1, self._limits.max_bytes // _PAGE_BYTES)}")
        return connection

    def _open_for_the_writer(self) -> sqlite3.Connection:
        connection = self._open_for_writing()
        connection.execute("PRAGMA busy_timeout = 0")
        return connection

    def _open_for_reading(self) -> sqlite3.Connection:
        return sqlite3.connect(
            self.path.as_uri() + "?mode=ro",
            uri=True,
            timeout=self._limits.busy_timeout_s,
            isolation_level=None,
            check_same_thread=False,
        )
