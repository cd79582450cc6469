"""The lease of a worker number: what keeps the ids of two processes of a data centre apart.

docs/decisions/0002-worker-ids.md says why it is done like this.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import structlog

from coordination.errors import CoordinationError, NoNodeError, TransactionError
from coordination.ids.comment_ids import WORKERS, clock_ms
from coordination.kazoo_client import Create, Delete, Operation, Put
from coordination.refresher import Refresher
from coordination.session import SessionState, ZooKeeperSession
from coordination.subscribers import call_all, subscribe

RENEW_EVERY_S = 10.0
# A holder that died without a word, or is cut off from ZooKeeper and still makes ids, keeps its number this long.
GRACE_MS = 24 * 3600 * 1000
# A number whose last holder's clock was ahead of ours is waited for this long at most, else passed over.
CLOCK_WAIT_MS = 1000
CLOSE_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class _Lease:
    """What ``workers/<number>`` says. Its child ``holder`` is ephemeral: there while the holder's session is.

    Attributes:
        owner: the node id of who had it last, which may have it back when its own session is over.
        token: of the one process that holds or held it.
        released: given back, so that anybody may have it.
        holder_clock_ms: what the holder's clock said when it wrote this.
        written_ms: what the server's clock said then.
        held: the holder's session is alive.
    """

    number: int
    version: int
    owner: str | None
    token: str
    released: bool
    holder_clock_ms: int
    written_ms: int
    held: bool

    def clock_bound_ms(self, server_now_ms: int) -> int:
        """The latest time that any id of the last holder can bear by now, however wrong that holder's clock is."""
        return self.holder_clock_ms + server_now_ms - self.written_ms


class WorkerIdLease:
    """A worker number (0 … 127) that no other living process of the data centre has.

    It is kept through any outage: the lease is a lasting node, and a number whose holder's session is over goes to
    another only when it was given back, when a process of the same ``owner`` comes, or after 24 hours of silence.

    Args:
        owner: the node id, so that a process that is killed and started again uses up no number. None: no such.
        now_ms: this process's clock, milliseconds since 1970.
        renew_every_s: how often it says that it is alive, and looks whether its number is still its own.
    """

    def __init__(
        self,
        session: ZooKeeperSession,
        *,
        owner: str | None = None,
        now_ms: Callable[[], int] = clock_ms,
        renew_every_s: float = RENEW_EVERY_S,
    ) -> None:
        self.number: int | None = None
        self._session = session
        self._owner = owner
        self._now_ms = now_ms
        self._renew_every_s = renew_every_s
        self._token = secrets.token_hex(8)
        self._refresher: Refresher[str] = Refresher(self._renew, session.connected)
        self._ticker: asyncio.Task[None] | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self._replaced_callbacks: list[Callable[[int], None]] = []
        self._log = structlog.get_logger().bind(component="worker_lease", owner=owner)

    async def acquire(self) -> int:
        """Takes a number and keeps it until ``aclose``. Idempotent.

        Raises ``CoordinationError`` where all 128 are taken, or without a session.
        """
        if self.number is None:
            self.number = await self._take()
            self._unsubscribe = self._session.on_state(self._on_state)
            self._refresher.start()
            self._ticker = asyncio.get_running_loop().create_task(self._tick())
        return self.number

    async def aclose(self) -> None:
        """Gives the number back. Idempotent."""
        if self._unsubscribe is None or self._ticker is None or self.number is None:
            return
        self._unsubscribe()
        self._unsubscribe = None
        self._ticker.cancel()
        await asyncio.gather(self._ticker, return_exceptions=True)
        await self._refresher.aclose()
        number, self.number = self.number, None
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._release(number)
        except (CoordinationError, TimeoutError) as error:
            self._log.warning("worker_not_released", worker=number, error=str(error))

    def on_replaced(self, callback: Callable[[int], None]) -> Callable[[], None]:
        """Calls ``callback`` with another number when this process, cut off for too long, has lost its own."""
        return subscribe(self._replaced_callbacks, callback)

    def _on_state(self, state: SessionState) -> None:
        if state is SessionState.CONNECTED:
            self._refresher.mark(["lease"])

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self._renew_every_s)
            if self._session.state is SessionState.CONNECTED:
                self._refresher.mark(["lease"])

    async def _take(self) -> int:
        server_now_ms = await self._server_now_ms()
        leases = await asyncio.gather(*map(self._read, range(WORKERS)))
        for number, lease in self._candidates(leases, server_now_ms):
            wait_ms = lease.clock_bound_ms(server_now_ms) - self._now_ms() if lease else 0
            if wait_ms <= CLOCK_WAIT_MS and await self._write(number, lease, holder=None):
                await asyncio.sleep(max(0, wait_ms) / 1000)
                self._log.info("worker_taken", worker=number)
                return number
        raise CoordinationError(f"all {WORKERS} worker numbers of {self._session.paths.dc} are taken")

    def _candidates(self, leases: Sequence[_Lease | None], server_now_ms: int) -> Iterator[tuple[int, _Lease | None]]:
        """Numbers that may be taken: our own, never used ones, those given back, those long silent."""
        free = [lease for lease in leases if lease and not lease.held]
        free.sort(key=lambda lease: lease.written_ms)
        own = [lease for lease in free if self._owner is not None and lease.owner == self._owner]
        released = [lease for lease in free if lease.released]
        silent = [lease for lease in free if server_now_ms - lease.written_ms > GRACE_MS]
        yield from ((lease.number, lease) for lease in own)
        yield from ((number, None) for number, lease in enumerate(leases) if lease is None)
        yield from ((lease.number, lease) for lease in (*released, *silent))

    async def _renew(self, _key: str) -> None:
        """Says that the number is still in use, and puts back what the loss of a session took away."""
        number = self.number
        if number is None:
            return
        lease = await self._read(number)
        if lease is not None and lease.token != self._token:
            await self._replace(number, lease)
        elif not await self._write(number, lease, holder=await self._holder(number)):
            raise CoordinationError(f"worker {number}: its lease was changed meanwhile")

    async def _replace(self, number: int, lease: _Lease) -> None:
        self._log.error("worker_lost", reason="taken_over", worker=number, by_owner=lease.owner)
        self.number = await self._take()
        call_all(self._replaced_callbacks, self.number)

    async def _release(self, number: int) -> None:
        lease = await self._read(number)
        if lease is not None and lease.token == self._token:
            operations: list[Operation] = [Put(self._path(number), self._value(released=True), lease.version)]
            if lease.held:
                operations.append(Delete(self._holder_path(number)))
            await self._session.multi(operations)

    async def _write(self, number: int, lease: _Lease | None, *, holder: int | None) -> bool:
        """Writes the lease as ours. ``holder`` is the session of the holder node. False where another was faster."""
        path, value = self._path(number), self._value(released=False)
        operations: list[Operation] = [Put(path, value, lease.version) if lease else Create(path, value)]
        if holder != self._session.session_id:
            if holder is not None:  # our own session before this one, not yet over on the server
                operations.append(Delete(self._holder_path(number)))
            operations.append(Create(self._holder_path(number), ephemeral=True))
        try:
            await self._session.multi(operations)
        except TransactionError:
            return False
        return True

    async def _read(self, number: int) -> _Lease | None:
        try:
            value, stat = await self._session.get(self._path(number))
        except NoNodeError:
            return None
        try:
            stored = json.loads(value)
            return _Lease(
                number=number,
                version=stat.version,
                owner=stored["owner"],
                token=stored["token"],
                released=stored["released"],
                holder_clock_ms=stored["clockMs"],
                written_ms=stat.mtime_ms,
                held=stat.children > 0,
            )
        except (ValueError, TypeError, KeyError) as error:
            raise CoordinationError(f"{self._path(number)} is no lease: {error}") from error

    async def _holder(self, number: int) -> int | None:
        try:
            _, stat = await self._session.get(self._holder_path(number))
        except NoNodeError:
            return None
        return stat.owner

    async def _server_now_ms(self) -> int:
        """The server's clock, which stamps what is written: only by it can the age of a lease be told."""
        operation = Put(self._session.paths.workers, b"")
        await self._session.multi([operation])
        _, stat = await self._session.get(operation.path)
        return stat.mtime_ms

    def _value(self, *, released: bool) -> bytes:
        lease = {
            "owner": self._owner,
            "token": self._token,
            "released": released,
            "clockMs": self._now_ms(),
        }
        return json.dumps(lease).encode()

    def _path(self, number: int) -> str:
        return self._session.paths.worker(number)

    def _holder_path(self, number: int) -> str:
        return self._session.paths.worker_holder(number)
