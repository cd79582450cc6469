"""kazoo on the asyncio loop: requests are awaited, callbacks arrive on the loop, errors are this package's.

The only module that knows kazoo. kazoo runs a connection thread and two callback threads a client; nothing of ours
runs on them but the hand-over to the loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kazoo import exceptions as kazoo_errors
from kazoo.client import KazooClient
from kazoo.hosts import collect_hosts
from kazoo.protocol.states import EventType, KeeperState
from kazoo.security import make_digest_acl

from coordination.errors import (
    BadVersionError,
    CoordinationError,
    NodeExistsError,
    NoNodeError,
    NotAuthorizedError,
    NotConnectedError,
    RequestTimeoutError,
    TransactionError,
)

# kazoo's own default backs off to an hour.
CONNECTION_RETRY = {"max_tries": -1, "delay": 0.05, "max_delay": 0.5, "backoff": 1.5}
STOP_TIMEOUT_S = 3.0

# kazoo says twice a second that there is no connection; the session says once what that means.
_kazoo_log = logging.getLogger("coordination.kazoo")
_kazoo_log.setLevel(logging.ERROR)

_TRANSLATED: dict[type[Exception], type[CoordinationError]] = {
    kazoo_errors.NoNodeError: NoNodeError,
    kazoo_errors.NodeExistsError: NodeExistsError,
    kazoo_errors.BadVersionError: BadVersionError,
    kazoo_errors.NoAuthError: NotAuthorizedError,
    kazoo_errors.AuthFailedError: NotAuthorizedError,
    kazoo_errors.SessionClosedRequireSaslError: NotAuthorizedError,
    kazoo_errors.ConnectionLoss: NotConnectedError,
    kazoo_errors.SessionExpiredError: NotConnectedError,
    kazoo_errors.ConnectionClosedError: NotConnectedError,
}


class ClientEvent(StrEnum):
    CONNECTED = "connected"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    """The session is gone; the client goes on to open another one."""
    DEAD = "dead"
    """The client gave up for good; only another client can go on."""


@dataclass(frozen=True, slots=True)
class NodeStat:
    """What ZooKeeper says about a node. ``owner`` is the session of an ephemeral, 0 of a lasting one."""

    version: int
    owner: int
    czxid: int
    pzxid: int
    mtime_ms: int
    children: int


@dataclass(frozen=True, slots=True)
class Create:
    path: str
    value: bytes = b""
    ephemeral: bool = False


@dataclass(frozen=True, slots=True)
class Put:
    path: str
    value: bytes
    version: int = -1


@dataclass(frozen=True, slots=True)
class Delete:
    path: str
    version: int = -1


Operation = Create | Put | Delete


@dataclass(frozen=True, slots=True)
class _Watch:
    """A watch as kazoo sees it. Equal for equal callbacks, so arming it twice does not call twice."""

    loop: asyncio.AbstractEventLoop
    callback: Callable[[], None]

    def __call__(self, event: Any) -> None:
        # kazoo also calls watches when the connection goes; who watches reads again on CONNECTED anyway.
        if event.type != EventType.NONE:
            _hand_over(self.loop, self.callback)


class ZooKeeperClient:
    """One kazoo client, used on the loop that ``start`` is called on.

    Args:
        hosts: ``host:port,host:port,…``. Raises ``CoordinationError`` where that is malformed.
        session_timeout_s: asked for; the server may set bounds.
        request_timeout_s: after this a request raises ``RequestTimeoutError``.
        user, password: digest credentials; nodes that it creates are for this user alone.
        on_event: called on the loop with every change of the connection.
    """

    def __init__(
        self,
        hosts: str,
        *,
        session_timeout_s: float,
        request_timeout_s: float,
        user: str | None,
        password: str | None,
        on_event: Callable[[ZooKeeperClient, ClientEvent], None],
    ) -> None:
        self.connected = asyncio.Event()
        self.dead = asyncio.Event()
        self.session_id: int | None = None
        self._on_event = on_event
        self._request_timeout_s = request_timeout_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: set[asyncio.Future[Any]] = set()
        acl = [make_digest_acl(user, password or "", all=True)] if user else None
        try:
            self._kazoo = KazooClient(
                _at_least_three(hosts),
                timeout=session_timeout_s,
                connection_retry=CONNECTION_RETRY,
                auth_data=[("digest", f"{user}:{password or ''}")] if user else None,
                default_acl=acl,
                logger=_kazoo_log,
            )
        except ValueError as error:
            raise CoordinationError(f"ZooKeeper's address {hosts!r} is not host:port,host:port,…") from error

    def start(self) -> None:
        """Begins to connect, in the background, for as long as it takes."""
        self._loop = asyncio.get_running_loop()
        self._kazoo.add_listener(self._on_kazoo_state)
        self._kazoo.start_async()

    async def aclose(self) -> None:
        """Ends the session, and with it its ephemeral nodes, where the server can still be told. Idempotent."""
        self._kazoo.remove_listener(self._on_kazoo_state)
        self._fail_waiting()
        self.connected.clear()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await asyncio.to_thread(self._stop)
        except TimeoutError:  # a host that swallows packets; the thread ends with its connection attempt
            return

    async def create(self, path: str, value: bytes = b"", *, ephemeral: bool = False) -> None:
        await self._answer(lambda: self._kazoo.create_async(path, value, acl=self._acl, ephemeral=ephemeral), path)

    async def get(self, path: str, watch: Callable[[], None] | None = None) -> tuple[bytes, NodeStat]:
        """The value of a node. ``watch`` is called on the loop, once, when it is changed or deleted."""
        value, stat = await self._answer(lambda: self._kazoo.get_async(path, watch=self._watch(watch)), path)
        return value, _node_stat(stat)

    async def children(self, path: str, watch: Callable[[], None] | None = None) -> tuple[list[str], NodeStat]:
        """The names of a node's children. ``watch`` is called on the loop, once, when one comes or goes."""
        names, stat = await self._answer(
            lambda: self._kazoo.get_children_async(path, watch=self._watch(watch), include_data=True), path
        )
        return names, _node_stat(stat)

    async def delete(self, path: str, version: int = -1) -> None:
        await self._answer(lambda: self._kazoo.delete_async(path, version), path)

    async def multi(self, operations: Sequence[Operation]) -> None:
        """All of them or none. Raises ``TransactionError`` with the first that could not be done."""
        transaction = self._kazoo.transaction()
        for operation in operations:
            match operation:
                case Create(path, value, ephemeral):
                    transaction.create(path, value, ephemeral=ephemeral)
                case Put(path, value, version):
                    transaction.set_data(path, value, version)
                case Delete(path, version):
                    transaction.delete(path, version)
        outcomes = await self._answer(transaction.commit_async, "a transaction")
        for position, outcome in enumerate(outcomes):
            # kazoo returns errors instead of raising them; the others of the same multi are "rolled back".
            if isinstance(outcome, Exception) and not isinstance(
                outcome, kazoo_errors.RolledBackError | kazoo_errors.RuntimeInconsistency
            ):
                raise TransactionError(position, _translated(outcome, operations[position].path))

    async def _answer(self, send: Callable[[], Any], what: str) -> Any:
        if self._loop is None:
            raise NotConnectedError("the client was never started")
        future: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.add(future)
        try:
            send().rawlink(lambda result: self._hand_over(_settle, future, result))
            async with asyncio.timeout(self._request_timeout_s):
                return await future
        except TimeoutError:
            seconds = self._request_timeout_s
            raise RequestTimeoutError(f"ZooKeeper did not answer within {seconds:g} s ({what})") from None
        except (kazoo_errors.KazooException, RuntimeError) as error:  # RuntimeError: an answer it cannot read
            raise _translated(error, what) from error
        finally:
            self._waiting.discard(future)

    def _on_kazoo_state(self, state: str) -> None:
        """On kazoo's connection thread. What is true now must be read now, not later on the loop."""
        keeper_state = self._kazoo.client_state
        session = self._kazoo.client_id
        if state == "CONNECTED":
            event = ClientEvent.CONNECTED
        elif state == "SUSPENDED":
            event = ClientEvent.SUSPENDED
        else:
            event = ClientEvent.EXPIRED if keeper_state == KeeperState.EXPIRED_SESSION else ClientEvent.DEAD
        self._hand_over(self._on_loop, event, session[0] if session else None)

    def _on_loop(self, event: ClientEvent, session_id: int | None) -> None:
        if event is ClientEvent.CONNECTED:
            self.session_id = session_id
            self.connected.set()
        else:
            self.connected.clear()
        if event is ClientEvent.DEAD:
            self.dead.set()
        if event in (ClientEvent.EXPIRED, ClientEvent.DEAD):
            # So that no request begun in one session ever succeeds in the eyes of its caller in the next one.
            self._fail_waiting()
        self._on_event(self, event)

    def _fail_waiting(self) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_exception(NotConnectedError("the ZooKeeper session was lost"))

    def _watch(self, callback: Callable[[], None] | None) -> _Watch | None:
        return _Watch(self._loop, callback) if callback and self._loop else None

    def _hand_over(self, callback: Callable[..., None], *args: object) -> None:
        if self._loop is not None:
            _hand_over(self._loop, callback, *args)

    @property
    def _acl(self) -> Any:
        return self._kazoo.default_acl

    def _stop(self) -> None:
        try:
            self._kazoo.stop()
            self._kazoo.close()
        except Exception:  # noqa: S110 - whatever kazoo meets while it ends, it has ended
            pass


async def why_unreachable(hosts: str) -> str:
    """What a plain TCP connection to each of ``hosts`` says, for an operator who must find the mistake."""
    findings = []
    for host, port in collect_hosts(hosts)[0]:
        try:
            async with asyncio.timeout(1.0):
                _, writer = await asyncio.open_connection(host, port)
            writer.close()
            findings.append(f"{host}:{port} accepts connections but no session (no quorum?)")
        except TimeoutError:
            findings.append(f"{host}:{port} does not answer")
        except OSError as error:
            findings.append(f"{host}:{port}: {error.strerror or error}")
    return "; ".join(findings)


def _at_least_three(hosts: str) -> str:
    """The hosts, repeated where they are few.

    kazoo waits the session timeout divided by the number of hosts for the answer to a new connection. A server that
    is just starting may leave the first one unanswered; a lone host would then cost the whole session.
    """
    servers, slash, chroot = hosts.partition("/")
    repeat = -(-3 // (servers.count(",") + 1))
    return ",".join([servers] * repeat) + slash + chroot


def _hand_over(loop: asyncio.AbstractEventLoop, callback: Callable[..., None], *args: object) -> None:
    try:
        loop.call_soon_threadsafe(callback, *args)
    except RuntimeError:  # the loop has ended before kazoo's threads have
        return


def _settle(future: asyncio.Future[Any], result: Any) -> None:
    if future.done():
        return
    if result.exception is not None:
        future.set_exception(result.exception)
    else:
        future.set_result(result.value)


def _translated(error: Exception, what: str) -> CoordinationError:
    for kind in type(error).__mro__:
        if kind in _TRANSLATED:
            return _TRANSLATED[kind](f"{what}: {_PHRASES[_TRANSLATED[kind]]}")
    return CoordinationError(f"{what}: ZooKeeper answered {type(error).__name__} {error}".rstrip())


_PHRASES: dict[type[CoordinationError], str] = {
    NoNodeError: "there is no such node",
    NodeExistsError: "the node exists already",
    BadVersionError: "the node was changed meanwhile",
    NotAuthorizedError: "not allowed for this user",
    NotConnectedError: "the connection to ZooKeeper was lost",
}


def _node_stat(stat: Any) -> NodeStat:
    return NodeStat(
        version=stat.version,
        owner=stat.ephemeralOwner,
        czxid=stat.czxid,
        pzxid=stat.pzxid,
        mtime_ms=stat.mtime,
        children=stat.numChildren,
    )
