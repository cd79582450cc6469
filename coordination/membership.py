"""Who is there: each node's ephemeral record, and a view of all of one role."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum

import structlog

from coordination.errors import (
    BadVersionError,
    CoordinationError,
    NodeExistsError,
    NoNodeError,
    TransactionError,
)
from coordination.ids import clock_ms
from coordination.kazoo_client import Create, Delete, Operation
from coordination.paths import is_name
from coordination.refresher import Refresher
from coordination.session import SessionState, ZooKeeperSession
from coordination.subscribers import call_all, subscribe

CLOSE_TIMEOUT_S = 2.0
DISPLACED = "another process has this node id"
"""Why a displaced node is not ready, in words."""


class Role(StrEnum):
    """What a node does; the value is its folder below ``/livecomments/<dc>``."""

    RMS = "rms"
    DISPATCHER = "dispatchers"
    COMMENT_SERVICE = "comment-services"


@dataclass(frozen=True, slots=True)
class NodeRecord:
    """What a node tells the others about itself.

    Attributes:
        node_id: unique among the living of its role; kept over restarts.
        boot_id: of this one life of its process, never used again.
        http, grpc, admin: ``host:port`` to reach it at, None where it has no such server.
        capacity: how much it can carry, in its role's own unit.
        draining: it takes no new work, but is still there.
        started_ms: milliseconds since 1970; of two processes with one node id, the later one has it.
    """

    node_id: str
    boot_id: str
    http: str | None = None
    grpc: str | None = None
    admin: str | None = None
    capacity: int = 0
    draining: bool = False
    started_ms: int = field(default_factory=clock_ms)

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self), separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> NodeRecord:
        """Ignores fields it does not know. Raises ``ValueError`` where the rest is no record."""
        try:
            stored = dict(json.loads(data))
            known = {field.name for field in fields(cls)}
            return cls(**{name: value for name, value in stored.items() if name in known})
        except TypeError as error:
            raise ValueError(f"not a node's record: {error}") from error

    def precedence(self) -> tuple[int, str]:
        return self.started_ms, self.boot_id


class Membership:
    """Registers one node and keeps it registered for as long as the process lives.

    Its node is put back after LOST and after anybody deleted it. What a process of the same node id left behind
    (its ghost stays for a session timeout after kill -9) is taken over at once. Of two *living* processes with one
    node id, the one that started later has it; the other stands by, says so (``displaced_by``, and an error in the
    log), and never fights for it: it takes its place again only when the later one is gone.

    Raises ``ValueError`` where ``record.node_id`` or ``boot_id`` cannot be part of a path.
    """

    def __init__(self, session: ZooKeeperSession, role: Role, record: NodeRecord) -> None:
        for name in (record.node_id, record.boot_id):
            if not is_name(name):
                raise ValueError(f"a node's ids are [A-Za-z0-9._-]{{1,64}}, not {name!r}")
        self.record = record
        self.displaced_by: NodeRecord | None = None
        self.registered = False
        self._session = session
        self._path = session.paths.member(role, record.node_id)
        self._refresher: Refresher[str] = Refresher(self._register, session.connected)
        self._unsubscribe: Callable[[], None] | None = None
        self._displaced_callbacks: list[Callable[[NodeRecord | None], None]] = []
        self._log = structlog.get_logger().bind(component="membership", path=self._path)

    async def start(self) -> None:
        """Registers the node. Raises ``CoordinationError`` where that fails. Idempotent."""
        if self._unsubscribe is None:
            self._unsubscribe = self._session.on_state(self._on_state)
            await self._register(self._path)
            self._refresher.start()

    async def leave(self) -> None:
        """Asks for no new work: the record stays, marked ``draining``. Without a session it is marked later."""
        if not self.record.draining:
            self.record = replace(self.record, draining=True)
            try:
                await self._register(self._path)
            except CoordinationError:
                self._mark_dirty()

    async def aclose(self) -> None:
        """Takes the node away and stops keeping it. Idempotent."""
        if self._unsubscribe is None:
            return
        self._unsubscribe()
        self._unsubscribe = None
        await self._refresher.aclose()
        if self.registered:
            self.registered = False
            try:
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await self._session.delete(self._path)
            except (CoordinationError, TimeoutError):  # it goes with the session
                return

    def on_displaced(self, callback: Callable[[NodeRecord | None], None]) -> Callable[[], None]:
        """Calls ``callback`` with the record of a later process with the same node id when that takes over, and with
        None when this one has its place again. Returns what ends that."""
        return subscribe(self._displaced_callbacks, callback)

    def _on_state(self, state: SessionState) -> None:
        if state is SessionState.LOST:
            self.registered = False
        elif state is SessionState.CONNECTED:
            self._mark_dirty()

    def _mark_dirty(self) -> None:
        self._refresher.mark([self._path])

    async def _register(self, path: str) -> None:
        """Compares what is there with what should be, and puts it right. Reading arms the watch on it."""
        wanted = self.record.to_bytes()
        for _ in range(5):  # each round but the last lost a race against another process
            try:
                value, stat = await self._session.get(path, watch=self._mark_dirty)
            except NoNodeError:
                await self._put([Create(path, wanted, ephemeral=True)])
                continue
            mine = stat.owner == self._session.session_id
            if mine and value == wanted:
                self._set_registered()
                return
            if not mine and self._yields_to(value):
                return
            await self._put([Delete(path, stat.version), Create(path, wanted, ephemeral=True)])
        raise CoordinationError(f"{path}: several processes register at the same time")

    async def _put(self, operations: Sequence[Operation]) -> None:
        try:
            await self._session.multi(operations)
        except TransactionError as error:
            # Another process was faster; the caller looks again.
            if not isinstance(error.cause, NodeExistsError | NoNodeError | BadVersionError):
                raise error.cause from error

    def _set_registered(self) -> None:
        if not self.registered:
            self._log.info("membership_registered", boot=self.record.boot_id)
        self.registered = True
        displaced_by, self.displaced_by = self.displaced_by, None
        if displaced_by is not None:
            call_all(self._displaced_callbacks, None)

    def _yields_to(self, value: bytes) -> bool:
        try:
            other = NodeRecord.from_bytes(value)
        except ValueError:
            return False
        if other.precedence() <= self.record.precedence():
            return False
        self.registered = False
        known, self.displaced_by = self.displaced_by, other
        if known is None or known.boot_id != other.boot_id:
            self._log.error(
                "membership_displaced",
                reason="same_node_id",
                boot=self.record.boot_id,
                by_boot=other.boot_id,
                by_address=other.grpc or other.http or other.admin,
            )
            call_all(self._displaced_callbacks, other)
        return True


Nodes = Mapping[str, NodeRecord]


class MembershipView:
    """The living nodes of one role: the last known good ones while there is no session.

    Args:
        include_draining: also nodes that leave. Who sends them work excludes those; who serves what they still
            have includes them.
    """

    def __init__(self, session: ZooKeeperSession, role: Role, *, include_draining: bool = False) -> None:
        self.nodes: Nodes = {}
        self._session = session
        self._folder = session.paths.group(role)
        self._include_draining = include_draining
        self._refresher: Refresher[str] = Refresher(self._relist, session.connected)
        self._unsubscribe: Callable[[], None] | None = None
        self._callbacks: list[Callable[[Nodes], None]] = []
        self._log = structlog.get_logger().bind(component="membership")

    @property
    def relist_errors(self) -> int:
        return self._refresher.errors

    async def start(self) -> None:
        """Reads who is there, and goes on watching. Raises ``CoordinationError``. Idempotent."""
        if self._unsubscribe is None:
            self._unsubscribe = self._session.on_state(self._on_state)
            await self._relist(self._folder)
            self._refresher.start()

    async def aclose(self) -> None:
        """Stops watching; ``nodes`` stays as it was. Idempotent."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
            await self._refresher.aclose()

    def on_change(self, callback: Callable[[Nodes], None]) -> Callable[[], None]:
        """Calls ``callback`` on the loop with all nodes, whenever one came, went or changed."""
        return subscribe(self._callbacks, callback)

    def _on_state(self, state: SessionState) -> None:
        # Watches do not survive a reconnect, and what happened meanwhile was not told.
        if state is SessionState.CONNECTED:
            self._mark_dirty()

    def _mark_dirty(self) -> None:
        self._refresher.mark([self._folder])

    async def _relist(self, folder: str) -> None:
        names, _ = await self._session.children(folder, watch=self._mark_dirty)
        records = await asyncio.gather(*(self._record(name) for name in sorted(names)))
        nodes: Nodes = {
            record.node_id: record
            for record in records
            if record is not None and (self._include_draining or not record.draining)
        }
        if nodes != self.nodes:
            self.nodes = nodes
            call_all(self._callbacks, self.nodes)

    async def _record(self, node_id: str) -> NodeRecord | None:
        try:
            value, _ = await self._session.get(f"{self._folder}/{node_id}")
            return replace(NodeRecord.from_bytes(value), node_id=node_id)
        except NoNodeError:  # gone since it was listed; its watch has told so already
            return None
        except ValueError as error:
            self._log.warning("membership_unreadable", node=node_id, error=str(error))
            return None
