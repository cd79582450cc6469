"""The ZooKeeper session of a process, as three states on the asyncio loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import structlog

from coordination.config import ClusterConstants, agree
from coordination.errors import (
    CoordinationError,
    NotAuthorizedError,
    NotConnectedError,
    RequestTimeoutError,
)
from coordination.kazoo_client import (
    ClientEvent,
    NodeStat,
    Operation,
    ZooKeeperClient,
    why_unreachable,
)
from coordination.paths import Paths
from coordination.subscribers import call_all, subscribe

# A client that was given up on gets this long to come back once another one has shown that ZooKeeper is there:
# its session, and all that hangs on it, is worth more than a second.
RETURN_GRACE_S = 2.0
OPEN_AGAIN_S = 0.1
REPLACE_AGAIN_S = 1.0


class SessionState(StrEnum):
    CONNECTED = "connected"
    SUSPENDED = "suspended"
    """No connection. The session, its ephemeral nodes and its watches may still be there, or not."""
    LOST = "lost"
    """The session is over (or not there yet): everything it had is gone, also on the server."""


@dataclass(slots=True)
class SessionStats:
    """Counted since the start."""

    suspensions: int = 0
    losses: int = 0
    clients_replaced: int = 0


StateCallback = Callable[[SessionState], None]


class Secret(Protocol):
    """What hides its value from logs, e.g. pydantic's ``SecretStr``."""

    def get_secret_value(self) -> str: ...


class SessionSettings(Protocol):
    """What a process's settings say of ZooKeeper."""

    @property
    def zookeeper(self) -> str: ...
    @property
    def dc(self) -> str: ...
    @property
    def zookeeper_session_timeout_s(self) -> float: ...
    @property
    def zookeeper_user(self) -> str | None: ...
    @property
    def zookeeper_password(self) -> Secret | None: ...


class ZooKeeperSession:
    """One session at a time with the ensemble, for all that a process does there.

    A request outside of CONNECTED raises ``NotConnectedError`` at once; one that the loss of the session overtakes
    raises it too, so nothing begun in one session is taken for done in the next.

    After LOST it comes back by itself as a new session. A client that stays SUSPENDED beyond a limit although
    ZooKeeper can be reached is replaced: after its data was wiped, a server refuses the clients that saw more.

    Args:
        hosts: ``host:port,host:port,…`` of the ensemble.
        dc: the data centre, whose nodes are below ``/livecomments/<dc>``.
        session_timeout_s: how long ZooKeeper keeps what a silent process had.
        user, password: digest credentials; all nodes are readable and writable for this user alone. None: for all.
        start_timeout_s: how long ``start`` waits for the ensemble.
        request_timeout_s: after this a request raises ``RequestTimeoutError``.
        suspended_limit_s: after this a suspended client is doubted.
        constants: what this node believes of its cluster.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        hosts: str,
        *,
        dc: str,
        session_timeout_s: float = 6.0,
        user: str | None = None,
        password: str | None = None,
        start_timeout_s: float = 10.0,
        request_timeout_s: float = 10.0,
        suspended_limit_s: float = 30.0,
        constants: ClusterConstants | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.hosts = hosts
        self.paths = Paths(dc)
        self.session_timeout_s = session_timeout_s
        self.stats = SessionStats()
        self.state = SessionState.LOST
        self.session_id: int | None = None
        self.generation = 0
        """Counts sessions lost: what was registered in an earlier generation no longer is."""
        self.data_epoch = 0
        """Changes when ZooKeeper's data was wiped and transaction numbers began anew."""
        self._user = user
        self._password = password
        self._start_timeout_s = start_timeout_s
        self._request_timeout_s = request_timeout_s
        self._suspended_limit_s = suspended_limit_s
        self._constants = constants or ClusterConstants()
        self._clock = clock
        self._suspended_at = 0.0
        self._started = False
        self._callbacks: list[StateCallback] = []
        self._client: ZooKeeperClient | None = None
        self._up = asyncio.Event()
        self._down = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._log = structlog.get_logger().bind(component="zookeeper")

    @property
    def may_be_over(self) -> bool:
        """SUSPENDED for longer than its timeout: nobody else counts on this session any longer.

        Unless ZooKeeper is away for all: then it lives on, and that cannot be told from here.
        """
        return self.state is SessionState.SUSPENDED and self._clock() - self._suspended_at > self.session_timeout_s

    @classmethod
    def of(cls, settings: SessionSettings) -> ZooKeeperSession:
        """The session that ``settings`` describe."""
        password = settings.zookeeper_password
        return cls(
            settings.zookeeper,
            dc=settings.dc,
            session_timeout_s=settings.zookeeper_session_timeout_s,
            user=settings.zookeeper_user,
            password=None if password is None else password.get_secret_value(),
        )

    async def start(self) -> None:
        """Connects, and checks user, password and the cluster's constants. Idempotent.

        Raises ``CoordinationError``: unreachable within ``start_timeout_s``, wrong password, other constants.
        """
        if self._client is not None:
            return
        self._client = self._new_client()
        self._client.start()
        try:
            async with asyncio.timeout(self._start_timeout_s):
                await self._open_first(self._client)
        except TimeoutError:
            await self.aclose()
            reason = await why_unreachable(self.hosts)
            raise CoordinationError(f"ZooKeeper at {self.hosts} cannot be reached: {reason}") from None
        except NotAuthorizedError as error:
            await self.aclose()
            who = f"the user {self._user!r} with this password" if self._user else "a client without a password"
            raise CoordinationError(f"ZooKeeper at {self.hosts} refuses {who} ({error})") from error
        except CoordinationError:
            await self.aclose()
            raise
        self._spawn(self._replace_client_when_stuck())

    async def aclose(self) -> None:
        """Ends the session, and with it everything it registered. Idempotent."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()
        self._set_state(SessionState.LOST)

    def on_state(self, callback: StateCallback) -> Callable[[], None]:
        """Calls ``callback`` on the loop with each new state. Returns what ends that."""
        return subscribe(self._callbacks, callback)

    async def connected(self) -> None:
        """Waits until the state is CONNECTED."""
        await self._up.wait()

    async def create(self, path: str, value: bytes = b"", *, ephemeral: bool = False) -> None:
        """Creates a node. Raises ``NodeExistsError``, ``NoNodeError`` (no parent), and those of the class."""
        await self._connected_client().create(path, value, ephemeral=ephemeral)

    async def get(self, path: str, watch: Callable[[], None] | None = None) -> tuple[bytes, NodeStat]:
        """A node's value. ``watch`` is called once when it changes or goes. Raises ``NoNodeError``."""
        return await self._connected_client().get(path, watch)

    async def children(self, path: str, watch: Callable[[], None] | None = None) -> tuple[list[str], NodeStat]:
        """A node's children, unsorted. ``watch`` is called once when one comes or goes. Raises ``NoNodeError``."""
        return await self._connected_client().children(path, watch)

    async def delete(self, path: str, version: int = -1) -> None:
        """Deletes a node. Raises ``NoNodeError``, ``BadVersionError``."""
        await self._connected_client().delete(path, version)

    async def multi(self, operations: Sequence[Operation]) -> None:
        """All operations or none. Raises ``TransactionError`` with the first that could not be done."""
        await self._connected_client().multi(operations)

    def _connected_client(self) -> ZooKeeperClient:
        if self._client is None or self.state is not SessionState.CONNECTED:
            raise NotConnectedError(f"there is no ZooKeeper session (it is {self.state})")
        return self._client

    def _new_client(self) -> ZooKeeperClient:
        return ZooKeeperClient(
            self.hosts,
            session_timeout_s=self.session_timeout_s,
            request_timeout_s=self._request_timeout_s,
            user=self._user,
            password=self._password,
            on_event=self._on_client_event,
        )

    def _on_client_event(self, client: ZooKeeperClient, event: ClientEvent) -> None:
        if client is not self._client:
            return
        if event is ClientEvent.CONNECTED:
            if client.session_id == self.session_id:
                self._set_state(SessionState.CONNECTED)
            elif self._started:
                self._spawn(self._reopen(client))
        elif event is ClientEvent.SUSPENDED:
            if self.state is SessionState.CONNECTED:
                self._set_state(SessionState.SUSPENDED)
        else:
            self._set_state(SessionState.LOST)

    async def _open_first(self, client: ZooKeeperClient) -> None:
        while self.state is not SessionState.CONNECTED:
            await client.connected.wait()
            try:
                await self._open(client)
            except (NotConnectedError, RequestTimeoutError):
                await asyncio.sleep(OPEN_AGAIN_S)
        self._started = True

    async def _open(self, client: ZooKeeperClient) -> None:
        """Makes a session that has just come about ours, once the cluster turns out to be ours."""
        session_id = client.session_id
        epoch = await agree(client, self.paths, self._constants)
        if client is self._client and client.session_id == session_id and client.connected.is_set():
            self.session_id, self.data_epoch = session_id, epoch
            self._set_state(SessionState.CONNECTED)

    async def _reopen(self, client: ZooKeeperClient) -> None:
        while client is self._client and client.connected.is_set() and client.session_id != self.session_id:
            try:
                await self._open(client)
            except (NotConnectedError, RequestTimeoutError):
                await asyncio.sleep(OPEN_AGAIN_S)
            except CoordinationError as error:
                self._log.error("session_refused", error=str(error))
                await asyncio.sleep(REPLACE_AGAIN_S)

    async def _replace_client_when_stuck(self) -> None:
        while True:
            await self._down.wait()
            if self._client is None or await self._comes_back(self._client, self._suspended_limit_s):
                continue
            await self._replace(self._client)

    async def _replace(self, old: ZooKeeperClient) -> None:
        candidate = self._new_client()
        candidate.start()
        try:
            await _first(candidate.connected, self._up, old.dead)
            if candidate.connected.is_set():
                await self._comes_back(old, RETURN_GRACE_S)
            if self._up.is_set():
                return
            self._log.warning("session_client_replaced", reason="dead" if old.dead.is_set() else "stuck")
            self.stats.clients_replaced += 1
            self._client, candidate = candidate, old
            self._set_state(SessionState.LOST)
            if self._client.connected.is_set():
                self._spawn(self._reopen(self._client))
        finally:
            await candidate.aclose()
        await asyncio.sleep(REPLACE_AGAIN_S)

    async def _comes_back(self, client: ZooKeeperClient, within_s: float) -> bool:
        try:
            async with asyncio.timeout(within_s):
                await _first(self._up, client.dead)
        except TimeoutError:
            return False
        return self._up.is_set()

    def _set_state(self, state: SessionState) -> None:
        if state is self.state:
            return
        self.state = state
        if state is SessionState.CONNECTED:
            self._up.set()
            self._down.clear()
        else:
            self._up.clear()
            self._down.set()
        if state is SessionState.SUSPENDED:
            self.stats.suspensions += 1
            self._suspended_at = self._clock()
        if state is SessionState.LOST:
            self.session_id = None
            self.generation += 1
            self.stats.losses += 1
        self._log.info("session_state", state=str(state), session=self.session_id)
        call_all(self._callbacks, state)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _first(*events: asyncio.Event) -> None:
    """Waits until any of ``events`` is set."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
