"""The Cassandra store, put together from its nouns."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from comment_service.store.cassandra.accounts import CassandraAccounts
from comment_service.store.cassandra.audit import CassandraAudit
from comment_service.store.cassandra.bans import CassandraBans
from comment_service.store.cassandra.batches import OnBatch
from comment_service.store.cassandra.changes import ChangeLog
from comment_service.store.cassandra.comments import CassandraComments
from comment_service.store.cassandra.database import CassandraDatabase
from comment_service.store.cassandra.media import CassandraMedia
from comment_service.store.cassandra.metrics import CassandraMetrics
from comment_service.store.cassandra.options import CassandraStoreOptions
from comment_service.store.cassandra.reactions import CassandraReactions
from comment_service.store.cassandra.reports import CassandraReports
from comment_service.store.cassandra.requests import CassandraRequests
from comment_service.store.cassandra.totals import CommentTotals
from comment_service.store.cassandra.videos import CassandraVideos


class CassandraStore:
    """``Store`` on a keyspace of a Cassandra cluster. Any number of processes write it at a time."""

    def __init__(
        self,
        options: CassandraStoreOptions | None = None,
        *,
        metrics: CassandraMetrics | None = None,
        on_batch: OnBatch | None = None,
    ) -> None:
        self.options = options or CassandraStoreOptions()
        self._database = database = CassandraDatabase(self.options, metrics or CassandraMetrics(CollectorRegistry()))
        totals, changes = CommentTotals(database), ChangeLog(database)
        self.media = CassandraMedia(database)
        self.comments = CassandraComments(database, totals, changes, self.media, on_batch=on_batch or _ignore_batch)
        self.reactions = CassandraReactions(database, totals)
        self.videos = CassandraVideos(database, changes)
        self.accounts = CassandraAccounts(database)
        self.bans = CassandraBans(database)
        self.reports = CassandraReports(database)
        self.audit = CassandraAudit(database)
        self.requests = CassandraRequests(database)

    @property
    def waiting_writes(self) -> int:
        """Writes that are queued or under way."""
        return self._database.writes.waiting

    @property
    def waiting_reads(self) -> int:
        """Reads that are queued or under way."""
        return self._database.reads.waiting

    async def start(self) -> None:
        await self._database.start()

    async def aclose(self) -> None:
        await self._database.aclose()


def _ignore_batch(_items: int, _took_s: float, _committed: bool) -> None:
    """Nobody counts."""
