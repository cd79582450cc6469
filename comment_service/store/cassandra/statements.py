"""Statements that are prepared once, and what is executed: them with their parameters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cassandra import ConsistencyLevel
from cassandra.query import BatchStatement, BatchType, PreparedStatement

# Among whom a transaction is one: the replicas of this data centre, or all.
SERIAL_HERE = ConsistencyLevel.LOCAL_SERIAL
SERIAL_EVERYWHERE = ConsistencyLevel.SERIAL
Row = tuple[Any, ...]
_TABLE = re.compile(r"\b(FROM|INTO|UPDATE)\s+(\w+)")


@dataclass(slots=True)
class Statement:
    """CQL that ``start`` prepares. ``profile``: how it is executed; ``serial``: among whom a transaction is one."""

    cql: str
    profile: str
    idempotent: bool
    serial: int | None = None
    prepared: PreparedStatement | None = None

    def __call__(self, *parameters: Any) -> Bound:
        return Bound(self, parameters)


@dataclass(slots=True, frozen=True)
class Bound:
    """A statement with its parameters."""

    statement: Statement
    parameters: tuple[Any, ...]

    @property
    def asks_for_empty_key(self) -> bool:
        """Cassandra has no key that is an empty text, and takes the question for a mistake."""
        assert self.statement.prepared is not None
        indexes: list[int] = self.statement.prepared.routing_key_indexes or []
        return len(indexes) == 1 and self.parameters[indexes[0]] == ""


def qualified(cql: str, keyspace: str) -> str:
    """``… FROM comments …`` → ``… FROM livecomments.comments …``: a prepared statement outlives a session's USE."""
    return _TABLE.sub(rf"\1 {keyspace}.\2", cql, count=1)


def batch_of(queries: Sequence[Bound], kind: BatchType, *, idempotent: bool) -> BatchStatement:
    batch = BatchStatement(kind)
    batch.is_idempotent = idempotent
    for query in queries:
        batch.add(query.statement.prepared, query.parameters)
    return batch
