"""The embedded store, put together from its nouns."""

from __future__ import annotations

from pathlib import Path

from comment_service.store.sqlite.accounts import SqliteAccounts
from comment_service.store.sqlite.comments import SqliteComments
from comment_service.store.sqlite.database import SqliteDatabase, SqliteLimits
from comment_service.store.sqlite.media import SqliteMedia
from comment_service.store.sqlite.moderation import SqliteAudit, SqliteBans, SqliteReports
from comment_service.store.sqlite.reactions import SqliteReactions
from comment_service.store.sqlite.requests import SqliteRequests
from comment_service.store.sqlite.videos import SqliteVideos
from comment_service.store.sqlite.writer import OnBatch


class SqliteStore:
    """``Store`` on one file, which any comment services of one machine may share."""

    def __init__(self, path: Path, limits: SqliteLimits | None = None, *, on_batch: OnBatch | None = None) -> None:
        self._database = database = SqliteDatabase(path, limits or SqliteLimits(), on_batch=on_batch or _ignore_batch)
        self.path = database.path
        self.comments = SqliteComments(database)
        self.reactions = SqliteReactions(database)
        self.videos = SqliteVideos(database)
        self.accounts = SqliteAccounts(database)
        self.bans = SqliteBans(database)
        self.reports = SqliteReports(database)
        self.audit = SqliteAudit(database)
        self.media = SqliteMedia(database)
        self.requests = SqliteRequests(database)

    @property
    def waiting_writes(self) -> int:
        """Writes that are queued or being committed."""
        return self._database.waiting_writes

    @property
    def waiting_reads(self) -> int:
        """Reads that are queued or running."""
        return self._database.waiting_reads

    async def start(self) -> None:
        await self._database.start()

    async def aclose(self) -> None:
        await self._database.aclose()


def _ignore_batch(_items: int, _took_s: float, _committed: bool) -> None:
    """Nobody counts."""
