"""A real Cassandra for tests: one for all of them, started when the first one asks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, Session
from cassandra.policies import RoundRobinPolicy
from cassandra.query import tuple_factory

from comment_service.store.cassandra import CassandraStoreOptions
from ops.local_cluster.cassandra import CassandraOptions, CassandraServer, find_java
from ops.local_cluster.cassandra_jars import CassandraMissingError, fetch_jars
from tests.support.missing import skip_or_fail

KEYSPACE = "contract"
# It is never restarted. What a restarted one keeps is tested with nodes that fsync.
FAST = CassandraOptions(commitlog_sync="periodic", flush_schema=False, quick_start=True)
# For one that is killed and started again.
DURABLE = CassandraOptions(quick_start=True)


def require_cassandra() -> None:
    """Where Cassandra cannot be had, the test is skipped and says how to get it. In CI it fails."""

    async def require() -> None:
        await find_java()
        await fetch_jars()

    try:
        asyncio.run(require())
    except CassandraMissingError as error:
        skip_or_fail(f"no Cassandra: {error}")


class SharedCassandra:
    """Emptied between tests: creating a keyspace takes seconds."""

    def __init__(self, options: CassandraStoreOptions) -> None:
        self.options = options
        self._session: Session | None = None

    def empty(self) -> None:
        """Drops all that the tests have written. Blocks."""
        session = self.session
        # Not the driver's own knowledge, which may be ten seconds old.
        tables = session.execute("SELECT table_name FROM system_schema.tables WHERE keyspace_name = %s", (KEYSPACE,))
        names = [name for (name,) in tables if not name.startswith("schema_")]
        reads = [(name, session.execute_async(f"SELECT * FROM {KEYSPACE}.{name} LIMIT 1")) for name in names]
        for name in [name for name, read in reads if read.result().current_rows]:
            session.execute(f"TRUNCATE {KEYSPACE}.{name}")

    @property
    def session(self) -> Session:
        if self._session is None:
            profile = ExecutionProfile(RoundRobinPolicy(), request_timeout=60, row_factory=tuple_factory)
            cluster = Cluster(
                list(self.options.contact_points),
                port=self.options.port,
                protocol_version=4,
                execution_profiles={EXEC_PROFILE_DEFAULT: profile},
            )
            self._session = cluster.connect()
        return self._session

    def close(self) -> None:
        if self._session is not None:
            self._session.cluster.shutdown()


def options_of(server: CassandraServer, **more: Any) -> CassandraStoreOptions:
    """How a store finds it."""
    # A busy machine is no Cassandra in trouble.
    patience = {"connect_timeout_s": 30, "timeout_s": 20}
    found: dict[str, Any] = {"contact_points": (server.host,), "port": server.port, "local_dc": server.dc}
    return CassandraStoreOptions(**found | patience | more)


@contextmanager
def shared_cassandra(folder: Path) -> Iterator[SharedCassandra]:
    """For the length of the ``with``."""
    require_cassandra()
    server = CassandraServer(folder, options=FAST)
    asyncio.run(server.start())
    shared = SharedCassandra(options_of(server, keyspace=KEYSPACE, max_waiting_reads=10_000))
    try:
        yield shared
    finally:
        shared.close()
        asyncio.run(server.process.kill9())
