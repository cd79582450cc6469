"""The store that the settings choose."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry

from comment_service.metrics import CommentServiceMetrics
from comment_service.settings import CommentServiceSettings
from comment_service.store import Store
from comment_service.store.cassandra.settings import CassandraSettings, replication_of
from comment_service.store.sqlite import SqliteLimits, SqliteStore

if TYPE_CHECKING:
    from comment_service.store.cassandra import CassandraStoreOptions


def build_store(settings: CommentServiceSettings, metrics: CommentServiceMetrics, registry: CollectorRegistry) -> Store:
    """Acquires nothing."""
    if settings.store == "cassandra":
        return _cassandra(settings, metrics, registry)
    limits = SqliteLimits(
        max_bytes=settings.sqlite_max_bytes,
        max_batch=settings.write_batch,
        max_waiting_writes=settings.write_queue,
        max_waiting_reads=settings.read_queue,
        reader_threads=settings.reader_threads,
    )
    return SqliteStore(settings.database, limits, on_batch=metrics.on_batch)


def cassandra_options(settings: CassandraSettings) -> CassandraStoreOptions:
    """What the settings say of Cassandra; the bounds of what waits are a node's own."""
    from comment_service.store.cassandra import CassandraStoreOptions

    password = settings.cassandra_password
    return CassandraStoreOptions(
        contact_points=tuple(point.strip() for point in settings.cassandra_contact_points.split(",")),
        port=settings.cassandra_port,
        keyspace=settings.cassandra_keyspace,
        local_dc=settings.cassandra_local_dc or settings.dc,
        replication=replication_of(settings.cassandra_replication) if settings.cassandra_replication else {},
        user=settings.cassandra_user,
        password=None if password is None else password.get_secret_value(),
        ca_file=settings.cassandra_ca_file,
        connect_timeout_s=settings.cassandra_connect_timeout_s,
        timeout_s=settings.cassandra_timeout_s,
        speculate_after_s=settings.cassandra_speculate_after_s,
        max_requests=settings.cassandra_max_requests,
        max_batch=settings.cassandra_batch,
    )


def _cassandra(settings: CommentServiceSettings, metrics: CommentServiceMetrics, registry: CollectorRegistry) -> Store:
    # Only where it is wanted: the driver takes a third of a second.
    from comment_service.store.cassandra import CassandraStore
    from comment_service.store.cassandra.metrics import CassandraMetrics

    options = replace(
        cassandra_options(settings),
        max_waiting_writes=settings.write_queue,
        max_waiting_reads=settings.read_queue,
    )
    return CassandraStore(options, metrics=CassandraMetrics(registry), on_batch=metrics.on_batch)
