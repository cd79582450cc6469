"""Where Cassandra is and how much may be asked of it at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class CassandraStoreOptions:
    """Settings of a ``CassandraStore``; times in seconds.

    Attributes:
        contact_points: host names or addresses of some of its nodes.
        local_dc: the data centre whose nodes are asked, as Cassandra names it.
        replication: data centre → copies, for the keyspace where it has to be created; empty: three copies in the
            local data centre, or as many as it has nodes.
        password: with ``user``; None: no authentication.
        ca_file: PEM with the authority that signed the nodes' certificates; None: no TLS.
        timeout_s: of one request; also how long one may wait for its turn.
        speculate_after_s: a read that takes longer is asked of a second node too.
        max_waiting_writes, max_waiting_reads: bounds of what is queued or under way.
        max_requests: requests of each of the two kinds that are under way at a time.
        max_batch: writes into one partition that go as one request.
    """

    contact_points: tuple[str, ...] = ("127.0.0.1",)
    port: int = 9042
    keyspace: str = "livecomments"
    local_dc: str = "dc1"
    replication: Mapping[str, int] = field(default_factory=dict)
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    connect_timeout_s: float = 5.0
    timeout_s: float = 2.0
    speculate_after_s: float = 0.1
    max_waiting_writes: int = 10_000
    max_waiting_reads: int = 1_000
    max_requests: int = 128
    max_batch: int = 20
    remembered_buckets: int = 100_000
