"""Brings a keyspace to this version's schema. Everything here blocks: it is for a thread, or a command."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from importlib import resources
from typing import Any

from cassandra import ConsistencyLevel
from cassandra.cluster import Session
from cassandra.query import SimpleStatement

from comment_service.store.cassandra.connection import connect, data_centres
from comment_service.store.cassandra.faults import DRIVER_ERRORS, broken
from comment_service.store.cassandra.options import CassandraStoreOptions
from comment_service.store.cassandra.policies import TRANSACTION
from comment_service.store.errors import StoreError, StoreUnavailable
from coordination.ids import clock_ms

COPIES = 3
LOCK_S = 60
LOCK_DEADLINE_S = 120.0
LOCK_AGAIN_S = 0.2
_SCHEMA = "livecomments"
# With ids of their own: two processes that create one table at the same moment create the same one.
_STEPS_TABLE = """
CREATE TABLE IF NOT EXISTS schema_steps (name text, step int, file text, applied_at timestamp,
PRIMARY KEY (name, step)) WITH id = {id}
"""
_LOCK_TABLE = """
CREATE TABLE IF NOT EXISTS schema_lock (name text PRIMARY KEY, holder text) WITH id = {id}
"""
_NEWEST_STEP = "SELECT max(step) FROM schema_steps WHERE name = %s"
_NOTE_STEP = "INSERT INTO schema_steps (name, step, file, applied_at) VALUES (%s, %s, %s, %s)"
_TAKE = "INSERT INTO schema_lock (name, holder) VALUES (%s, %s) IF NOT EXISTS USING TTL %s"
_KEEP = "UPDATE schema_lock USING TTL %s SET holder = %s WHERE name = %s IF holder = %s"
_RELEASE = "DELETE FROM schema_lock WHERE name = %s IF holder = %s"


def steps() -> list[tuple[int, str, str]]:
    """The numbered CQL files of this version, in order: ``[(1, "0001_nouns.cql", "CREATE TABLE …"), …]``."""
    folder = resources.files("comment_service.store.schema") / "cassandra"
    files = sorted(file.name for file in folder.iterdir() if file.name.endswith(".cql"))
    return [(int(name.split("_")[0]), name, (folder / name).read_text(encoding="utf-8")) for name in files]


def apply(options: CassandraStoreOptions) -> list[str]:
    """Connects, brings the keyspace up to date and to the options' replication. Raises ``StoreError``."""
    session = connect(options)
    try:
        applied = bring_up_to_date(session, options)
        if options.replication:
            _execute(session, f"ALTER KEYSPACE {options.keyspace} WITH {_replication(options.replication)}")
    except DRIVER_ERRORS as error:
        raise broken(error, f"the keyspace {options.keyspace} cannot be changed") from error
    finally:
        session.cluster.shutdown()
    return applied


def bring_up_to_date(session: Session, options: CassandraStoreOptions) -> list[str]:
    """Creates the keyspace and applies the steps that it has not had. Returns the names of those.

    Of several at once one works and the others wait for it. Raises ``StoreError`` where it is of a later version than
    this program, and lets the driver's exceptions out.
    """
    keyspace = session.cluster.metadata.keyspaces.get(options.keyspace)
    newest = steps()[-1][0]
    if keyspace is None:
        copies = options.replication or {options.local_dc: min(COPIES, data_centres(session.cluster)[options.local_dc])}
        _execute(session, f"CREATE KEYSPACE IF NOT EXISTS {options.keyspace} WITH {_replication(copies)}")
    session.set_keyspace(options.keyspace)
    if keyspace is not None and "schema_steps" in keyspace.tables:
        applied = _applied(session, ConsistencyLevel.LOCAL_QUORUM)
        if applied == newest:
            return []
        _require_known(applied, newest)
    for template in (_STEPS_TABLE, _LOCK_TABLE):
        _execute(session, template.format(id=uuid.uuid5(uuid.NAMESPACE_OID, options.keyspace + template)))
    lock = _Lock(session)
    lock.take()
    try:
        return _apply_missing(session, lock)
    finally:
        lock.release()


def _apply_missing(session: Session, lock: _Lock) -> list[str]:
    applied = _applied(session, ConsistencyLevel.QUORUM)
    _require_known(applied, steps()[-1][0])
    done = []
    for number, name, text in steps():
        if number <= applied:
            continue
        for statement in statements(text):
            lock.keep()
            _execute(session, statement)
        values = (_SCHEMA, number, name, clock_ms())
        _execute(session, SimpleStatement(_NOTE_STEP, consistency_level=ConsistencyLevel.QUORUM), values)
        done.append(name)
    return done


def statements(text: str) -> list[str]:
    """The statements of a file; a semicolon at a line's end ends one, ``--`` begins a comment line."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    parts = ("\n".join(lines) + "\n").split(";\n")
    return [part.strip() for part in parts if part.strip()]


def _execute(session: Session, *query: Any, **how: Any) -> Any:
    # A table takes a busy node seconds, where a comment's time would long be up.
    return session.execute(*query, timeout=LOCK_S / 2, **how)


def _applied(session: Session, consistency: int) -> int:
    select = SimpleStatement(_NEWEST_STEP, consistency_level=consistency)
    [(newest,)] = _execute(session, select, (_SCHEMA,))
    return newest or 0


def _require_known(applied: int, newest: int) -> None:
    if applied > newest:
        raise StoreError(f"the keyspace has schema version {applied}, and this program knows up to {newest}")


def _replication(copies: Mapping[str, int]) -> str:
    pairs = ", ".join(f"'{dc}': {number}" for dc, number in sorted(copies.items()))
    return f"replication = {{'class': 'NetworkTopologyStrategy', {pairs}}}"


class _Lock:
    """Held by one process of all; a holder that dies loses it after a minute."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._holder = uuid.uuid4().hex

    def take(self) -> None:
        """Waits for it. Raises ``StoreUnavailable`` after two minutes."""
        deadline = time.monotonic() + LOCK_DEADLINE_S
        while not self._transact(_TAKE, _SCHEMA, self._holder, LOCK_S):
            if time.monotonic() > deadline:
                raise StoreUnavailable(f"another process has been changing the schema for {LOCK_DEADLINE_S:g} s")
            time.sleep(LOCK_AGAIN_S)

    def keep(self) -> None:
        """A minute from now. Raises ``StoreUnavailable`` where it is lost."""
        if not self._transact(_KEEP, LOCK_S, self._holder, _SCHEMA, self._holder):
            raise StoreUnavailable("the lock of the schema was lost: this process was away for too long")

    def release(self) -> None:
        self._transact(_RELEASE, _SCHEMA, self._holder)

    def _transact(self, cql: str, *values: str | int) -> bool:
        statement = SimpleStatement(cql, serial_consistency_level=ConsistencyLevel.SERIAL)
        [answer] = _execute(self._session, statement, values, execution_profile=TRANSACTION)
        return bool(answer["[applied]"])
