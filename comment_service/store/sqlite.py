"""The embedded store: SQLite in WAL mode, every acknowledged comment fsynced."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from comment_service.comment import Comment
from comment_service.store import StoreError, StoreUnavailable
from comment_service.store.schema.sqlite_schema import migrate
from comment_service.store.sqlite_readers import SqliteReaders
from comment_service.store.sqlite_writer import OnBatch, SqliteWriter

_INSERT = """
INSERT INTO comments (comment_id, live_video_id, author_id, author_name, content, reply_to, edited_at_ms)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_SELECT = """
SELECT comment_id, live_video_id, author_id, author_name, content, reply_to, edited_at_ms
FROM comments WHERE live_video_id = ?
"""
_GET = _SELECT + " AND comment_id = ?"
_BEFORE = _SELECT + " AND comment_id < ? ORDER BY comment_id DESC LIMIT ?"
_AFTER = _SELECT + " AND comment_id > ? ORDER BY comment_id ASC LIMIT ?"
# SQLite's largest integer; a cursor may be any unsigned 64-bit number, and no id is above this one.
_MAX_ID = 2**63 - 1
_WAL_BYTES = 64 * 1024 * 1024
_PAGE_BYTES = 4096


@dataclass(frozen=True)
class SqliteLimits:
    """Bounds of a ``SqliteStore``.

    ``max_bytes`` bounds the database file; 0: only the disk does. ``busy_timeout_s``: how long a write waits for
    another process's lock, e.g. a backup's, before it fails.
    """

    max_bytes: int = 0
    max_batch: int = 500
    max_waiting_writes: int = 10_000
    max_waiting_reads: int = 1_000
    reader_threads: int = 2
    busy_timeout_s: float = 1.0


class SqliteStore:
    """``Store`` on one file. One process writes it; others may read."""

    def __init__(self, path: Path, limits: SqliteLimits | None = None, *, on_batch: OnBatch | None = None) -> None:
        self.path = path.absolute()
        self._limits = limits or SqliteLimits()
        self._writer = SqliteWriter(
            self._open_for_writing,
            max_batch=self._limits.max_batch,
            max_waiting=self._limits.max_waiting_writes,
            on_batch=on_batch or _ignore_batch,
        )
        self._readers = SqliteReaders(
            self._open_for_reading,
            threads=self._limits.reader_threads,
            max_waiting=self._limits.max_waiting_reads,
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
        try:
            await asyncio.to_thread(self._prepare)
        except (OSError, sqlite3.Error) as error:
            raise StoreUnavailable(f"the database {self.path} cannot be opened: {error}") from error
        except StoreError as error:
            raise StoreError(f"{self.path}: {error}") from error
        await self._writer.start()

    async def aclose(self) -> None:
        await self._writer.aclose()
        await self._readers.aclose()

    def add(self, comment: Comment) -> asyncio.Future[None]:
        row = (
            comment.comment_id,
            comment.live_video_id,
            comment.author_id,
            comment.author_name,
            comment.content,
            comment.reply_to,
            comment.edited_at_ms,
        )

        def insert(connection: sqlite3.Connection) -> None:
            connection.execute(_INSERT, row)

        return self._writer.submit(insert)

    async def get(self, live_video_id: str, comment_id: int) -> Comment | None:
        if comment_id > _MAX_ID:
            return None
        found = await self._select(_GET, (live_video_id, comment_id))
        return found[0] if found else None

    async def before(self, live_video_id: str, cursor: int | None, limit: int) -> list[Comment]:
        newest = _MAX_ID if cursor is None else min(cursor, _MAX_ID)
        return await self._select(_BEFORE, (live_video_id, newest, limit))

    async def after(self, live_video_id: str, cursor: int, limit: int) -> list[Comment]:
        return await self._select(_AFTER, (live_video_id, min(cursor, _MAX_ID), limit))

    async def _select(self, sql: str, parameters: tuple[Any, ...]) -> list[Comment]:
        rows = await self._readers.run(lambda connection: connection.execute(sql, parameters).fetchall())
        return [Comment(*row) for row in rows]

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

    def _open_for_reading(self) -> sqlite3.Connection:
        return sqlite3.connect(
            self.path.as_uri() + "?mode=ro",
            uri=True,
            timeout=self._limits.busy_timeout_s,
            isolation_level=None,
            check_same_thread=False,
        )


def _ignore_batch(_items: int, _took_s: float, _committed: bool) -> None:
    """Nobody counts."""
