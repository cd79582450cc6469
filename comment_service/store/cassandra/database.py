"""One keyspace: its prepared statements, and every request's way from the loop to the driver and back."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cassandra.cluster import ResponseFuture, Session
from cassandra.query import BatchStatement, BatchType

from comment_service.store.cassandra import schema
from comment_service.store.cassandra.connection import connect
from comment_service.store.cassandra.faults import DRIVER_ERRORS, CassandraFault, broken, fault_of, unavailable
from comment_service.store.cassandra.gate import Gate
from comment_service.store.cassandra.metrics import CassandraMetrics
from comment_service.store.cassandra.nodes import NodeLog, nodes_up
from comment_service.store.cassandra.options import CassandraStoreOptions
from comment_service.store.cassandra.policies import READ, TRANSACTION, WRITE
from comment_service.store.cassandra.statements import SERIAL_HERE, Bound, Row, Statement, batch_of, qualified
from comment_service.store.errors import StoreUnavailable


@dataclass(slots=True)
class _Request:
    outcome: asyncio.Future[Any]
    gate: Gate
    profile: str
    # Whether its end is also the end of something that the gate has admitted.
    admitted: bool
    sent: ResponseFuture | None = field(default=None, repr=False)


class CassandraDatabase:
    """For the loop that ``start`` ran on. The nouns register their statements before ``start``."""

    def __init__(self, options: CassandraStoreOptions, metrics: CassandraMetrics) -> None:
        self.options = options
        self.metrics = metrics
        self.reads = self._gate("reads", options.max_waiting_reads)
        self.writes = self._gate("writes", options.max_waiting_writes)
        metrics.watch(read=lambda: self.reads.under_way, write=lambda: self.writes.under_way)
        self._statements: list[Statement] = []
        self._session: Session | None = None
        self._closing = False
        self._loop: asyncio.AbstractEventLoop | None = None
        # What the driver's thread has to tell; one wake-up of the loop brings all that is there.
        self._ended: deque[tuple[_Request, Any, BaseException | None]] = deque()
        self._woken = False

    def reading(self, cql: str, *, serial: int | None = None) -> Statement:
        """A SELECT. ``serial``: it waits for transactions that are under way, so that it sees what they do."""
        return self._register(Statement(cql, READ, idempotent=True, serial=serial))

    def writing(self, cql: str, *, idempotent: bool = True) -> Statement:
        return self._register(Statement(cql, WRITE, idempotent=idempotent))

    def transaction(self, cql: str, *, serial: int = SERIAL_HERE) -> Statement:
        """A statement with IF."""
        return self._register(Statement(cql, TRANSACTION, idempotent=False, serial=serial))

    async def start(self) -> None:
        """Connects, brings the schema up to date and prepares. Idempotent. Raises ``StoreError``."""
        if self._session is not None:
            return
        self._loop = asyncio.get_running_loop()
        self._session = session = await asyncio.to_thread(self._open)
        self.metrics.watch_nodes(lambda: nodes_up(session))

    async def aclose(self) -> None:
        """Finishes what was taken in. Idempotent."""
        self._closing = True
        await self.writes.emptied()
        await self.reads.emptied()
        session, self._session = self._session, None
        if session is not None:
            await asyncio.to_thread(session.cluster.shutdown)

    def admit(self, gate: Gate) -> None:
        """Takes one more in, until ``gate.release``. Raises ``StoreUnavailable`` and ``StoreOverloaded``."""
        if self._closing or self._session is None:
            raise StoreUnavailable("the store is closed")
        gate.admit()

    async def rows(self, query: Bound) -> list[Row]:
        """All rows of a SELECT."""
        if query.asks_for_empty_key:
            return []
        return list(await self._admitted(query, self.reads) or ())

    async def write(self, query: Bound) -> None:
        await self._admitted(query, self.writes)

    async def transact(self, *queries: Bound) -> dict[str, Any] | None:
        """Runs a transaction; several statements are of one partition. None: it was applied; else what is there."""
        query = queries[0] if len(queries) == 1 else batch_of(queries, BatchType.LOGGED, idempotent=False)
        found = next(iter(await self._admitted(query, self.writes, TRANSACTION)))
        return None if found["[applied]"] else found

    async def write_all(self, queries: Sequence[Bound]) -> None:
        """Writes to several partitions: sooner or later all or none, whatever fails on the way."""
        await self._admitted(batch_of(queries, BatchType.LOGGED, idempotent=True), self.writes)

    async def count(self, queries: Sequence[Bound]) -> None:
        """Counts, in one partition."""
        await self._admitted(batch_of(queries, BatchType.COUNTER, idempotent=False), self.writes)

    def send(self, queries: Sequence[Bound]) -> asyncio.Future[Any]:
        """Idempotent writes to one partition as one request. The caller has them admitted."""
        query = queries[0] if len(queries) == 1 else batch_of(queries, BatchType.UNLOGGED, idempotent=True)
        return self._request(query, self.writes, WRITE, admitted=False)

    def gave_up(self, fault: CassandraFault, message: str) -> StoreUnavailable:
        """Counts what this side gives up on, without a word from Cassandra; to be raised, or told to who waits."""
        self.metrics.failed(fault)
        return StoreUnavailable(message)

    async def _admitted(self, query: Bound | BatchStatement, gate: Gate, profile: str | None = None) -> Any:
        if profile is None:
            profile = query.statement.profile if isinstance(query, Bound) else WRITE
        self.admit(gate)
        return await self._request(query, gate, profile, admitted=True)

    def _request(
        self, query: Bound | BatchStatement, gate: Gate, profile: str, *, admitted: bool
    ) -> asyncio.Future[Any]:
        assert self._loop is not None
        request = _Request(self._loop.create_future(), gate, profile, admitted)
        gate.enter(lambda: self._send(request, query), lambda: self._too_late(request))
        return request.outcome

    def _send(self, request: _Request, query: Bound | BatchStatement) -> None:
        assert self._session is not None
        statement, parameters = (
            (query.statement.prepared, query.parameters) if isinstance(query, Bound) else (query, None)
        )
        try:
            request.sent = self._session.execute_async(statement, parameters, execution_profile=request.profile)
            request.sent.add_callbacks(self._answered, self._failed, callback_args=(request,), errback_args=(request,))
        except Exception as error:
            self._end(request, None, error)

    def _answered(self, rows: Any, request: _Request) -> None:
        self._tell(request, rows, None)

    def _failed(self, error: BaseException, request: _Request) -> None:
        self._tell(request, None, error)

    def _tell(self, *ended: Any) -> None:
        """In the driver's thread (or in the loop's, where it fails at once)."""
        self._ended.append(ended)
        if not self._woken:
            self._woken = True
            assert self._loop is not None
            try:
                self._loop.call_soon_threadsafe(self._end_all)
            except RuntimeError:
                pass  # the loop is closed: nobody waits any more

    def _end_all(self) -> None:
        # First, so that what comes while this runs wakes the loop again.
        self._woken = False
        while self._ended:
            self._end(*self._ended.popleft())

    def _end(self, request: _Request, rows: Any, error: BaseException | None) -> None:
        sent, request.sent = request.sent, None
        if sent is not None:
            # It is in a cycle with its callbacks and another with its timer, and a batch hangs on it: some thousand
            # objects a second for the collector, which stops the process for a tenth of a second to find them.
            sent._timer = None
            if len(sent.attempted_hosts) > 1:
                self.metrics.second_node(request.profile)
        if isinstance(error, DRIVER_ERRORS):
            self.metrics.failed(fault_of(error))
            error = unavailable(error)
        self._settle(request, rows, error)
        request.gate.leave()

    def _too_late(self, request: _Request) -> None:
        message = f"Cassandra was not free within {self.options.timeout_s:g} s"
        self._settle(request, None, self.gave_up(CassandraFault.QUEUED_TOO_LONG, message))

    def _settle(self, request: _Request, rows: Any, error: BaseException | None) -> None:
        if request.admitted:
            request.gate.release()
        if request.outcome.done():
            return
        if error is not None:
            request.outcome.set_exception(error)
        else:
            request.outcome.set_result(rows)

    def _open(self) -> Session:
        session = connect(self.options)
        session.cluster.register_listener(NodeLog())
        try:
            schema.bring_up_to_date(session, self.options)
            session.default_fetch_size = None  # pages are the nouns' own
            for statement in self._statements:
                prepared = statement.prepared = session.prepare(qualified(statement.cql, self.options.keyspace))
                prepared.is_idempotent = statement.idempotent
                if statement.serial is not None and statement.profile == READ:
                    prepared.consistency_level = statement.serial
                elif statement.serial is not None:
                    prepared.serial_consistency_level = statement.serial
        except DRIVER_ERRORS as error:
            session.cluster.shutdown()
            raise broken(error, f"the keyspace {self.options.keyspace} cannot be used") from error
        except BaseException:
            session.cluster.shutdown()
            raise
        return session

    def _register(self, statement: Statement) -> Statement:
        self._statements.append(statement)
        return statement

    def _gate(self, what: str, max_waiting: int) -> Gate:
        options = self.options
        return Gate(what, width=options.max_requests, max_waiting=max_waiting, patience_s=options.timeout_s)
