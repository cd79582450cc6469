"""The store on Cassandra 5, by the DataStax driver."""

from __future__ import annotations

from comment_service.store.cassandra.options import CassandraStoreOptions
from comment_service.store.cassandra.store import CassandraStore

__all__ = ["CassandraStore", "CassandraStoreOptions"]
