"""The RMS's side of routes: tells ZooKeeper which videos this node serves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import structlog

from coordination.errors import CoordinationError, NoNodeError, TransactionError
from coordination.kazoo_client import Create, Delete, Operation
from coordination.paths import is_name
from coordination.routes.table import Route
from coordination.session import SessionState, ZooKeeperSession
from coordination.subscribers import call_all, subscribe

BATCH_LIMIT = 100
WINDOW = 4
RETRY_S = 0.2
RETRY_LIMIT_S = 5.0


@dataclass(slots=True)
class RegistrarStats:
    """Counted since the start.

    Attributes:
        refused: announcements over ``max_routes``.
        taken_over: nodes that an earlier session of this process had left behind.
        retries: batches that failed and were tried again.
    """

    refused: int = 0
    taken_over: int = 0
    retries: int = 0


class RouteRegistrar:
    """Registers routes as ephemeral nodes ``<video>~<rmsId>~<bootId>``, and keeps them registered.

    ``announce`` and ``withdraw`` say what is wanted and return at once; a task brings ZooKeeper into line, in multis
    of at most 100 with at most 4 in flight. A video that is announced and withdrawn meanwhile costs nothing. After
    LOST everything is registered again. The boot id in the name keeps what an earlier life of this node left behind
    apart, so only nodes of this process's own earlier session can be in the way; they are replaced.

    Args:
        max_routes: more are refused. A session's end is one transaction over all its routes, so they are bounded.
    """

    def __init__(self, session: ZooKeeperSession, rms_id: str, boot_id: str, *, max_routes: int = 100_000) -> None:
        for name in (rms_id, boot_id):
            if not is_name(name):
                raise ValueError(f"a node's ids are [A-Za-z0-9._-]{{1,64}}, not {name!r}")
        self.stats = RegistrarStats()
        self.max_routes = max_routes
        self._session = session
        self._rms_id = rms_id
        self._boot_id = boot_id
        self._wanted: set[str] = set()
        self._there: set[str] = set()
        self._unsure: set[str] = set()  # a request about them was cut off
        self._dirty: dict[str, None] = {}
        self._in_flight: set[str] = set()
        self._work = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._workers: list[asyncio.Task[None]] = []
        self._unsubscribe: Callable[[], None] | None = None
        self._announced_callbacks: list[Callable[[str], None]] = []
        self._log = structlog.get_logger().bind(component="routes", rms=rms_id)

    async def start(self) -> None:
        """Begins to register what was and will be announced. Idempotent."""
        if not self._workers:
            self._unsubscribe = self._session.on_state(self._on_state)
            loop = asyncio.get_running_loop()
            self._workers = [loop.create_task(self._work_off()) for _ in range(WINDOW)]

    async def aclose(self) -> None:
        """Stops. What is registered goes with the session; ``withdraw`` and ``idle`` before take it away now."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._workers.clear()

    def announce(self, video: str) -> bool:
        """This node serves ``video`` from now on. False where that is refused: ``max_routes`` are announced."""
        if video in self._wanted:
            return True
        if len(self._wanted) >= self.max_routes:
            self.stats.refused += 1
            if self.stats.refused == 1:
                self._log.error("route_refused", reason="max_routes", max_routes=self.max_routes, video=video)
            return False
        self._wanted.add(video)
        self._mark((video,))
        return True

    def withdraw(self, video: str) -> None:
        """This node does not serve ``video`` any longer."""
        if video in self._wanted:
            self._wanted.discard(video)
            self._mark((video,))

    def is_announced(self, video: str) -> bool:
        """Whether dispatchers can be expected to have the route.

        Also while SUSPENDED, until that has lasted for longer than the session's timeout; not while LOST.
        """
        return video in self._wanted and video in self._there and not self._session.may_be_over

    def on_announced(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Calls ``callback`` on the loop with each video whose route has been registered (again)."""
        return subscribe(self._announced_callbacks, callback)

    @property
    def registered(self) -> int:
        """Routes that are in ZooKeeper."""
        return len(self._there)

    @property
    def pending(self) -> int:
        """Videos whose announcement or withdrawal ZooKeeper has not confirmed."""
        return len(self._dirty) + len(self._in_flight)

    async def idle(self) -> None:
        """Waits until ZooKeeper has all that is wanted, and nothing else."""
        await self._idle.wait()

    def _on_state(self, state: SessionState) -> None:
        if state is SessionState.LOST:
            self._there.clear()
            self._mark(self._wanted)

    def _mark(self, videos: Iterable[str]) -> None:
        self._dirty.update(dict.fromkeys(videos))
        if self._dirty:
            self._idle.clear()
            self._work.set()

    async def _work_off(self) -> None:
        """One of the few that bring ZooKeeper into line, batch by batch."""
        retry_s = RETRY_S
        while True:
            await self._work.wait()
            await self._session.connected()
            batch = self._take()
            if not batch:
                continue
            try:
                await self._register(batch)
                retry_s = RETRY_S
            except Exception as error:  # of any kind: a worker that ends would leave routes undone
                self._log_failure(error, len(batch), retry_s)
                self._give_back(batch)
                self.stats.retries += 1
                await asyncio.sleep(retry_s)
                retry_s = min(2 * retry_s, RETRY_LIMIT_S)
            finally:
                self._in_flight.difference_update(batch)
                self._notice_progress()

    def _take(self) -> dict[str, bool]:
        """The next batch: video → whether it is to be registered (or else taken away)."""
        batch: dict[str, bool] = {}
        looked_at = []
        for video in self._dirty:
            # One that is in flight stays dirty until it is known what came of that.
            if video in self._in_flight:
                continue
            looked_at.append(video)
            wanted = video in self._wanted
            if wanted != (video in self._there) or video in self._unsure:
                batch[video] = wanted
                if len(batch) == BATCH_LIMIT:
                    break
        for video in looked_at:
            del self._dirty[video]
        self._in_flight.update(batch)
        if not batch:
            self._work.clear()
            self._notice_progress()
        return batch

    def _log_failure(self, error: Exception, routes: int, after_s: float) -> None:
        if isinstance(error, CoordinationError):
            self._log.warning("routes_again", error=str(error), routes=routes, after_s=after_s)
        else:
            self._log.exception("routes_failed", routes=routes, after_s=after_s)

    def _give_back(self, batch: Mapping[str, bool]) -> None:
        self._unsure.update(batch)
        self._mark(batch)

    def _notice_progress(self) -> None:
        if self._dirty and not self._in_flight.issuperset(self._dirty):
            self._work.set()
        if not self._dirty and not self._in_flight:
            self._idle.set()

    async def _register(self, batch: Mapping[str, bool]) -> None:
        generation = self._session.generation
        operations = [self._operation(video, wanted) for video, wanted in batch.items()]
        try:
            await self._session.multi(operations)
        except TransactionError:
            await self._register_what_differs(batch)
        if generation == self._session.generation:
            self._settle(batch)
        else:  # it was done in a session that is over
            self._give_back(batch)

    async def _register_what_differs(self, batch: Mapping[str, bool]) -> None:
        """For a batch that met something unexpected: looks at each node first.

        An earlier session of this process, or a request that was cut off, has left nodes where there should be none,
        or none where there should be one. A node of another session is replaced in the same transaction: it would
        go when its session ends.
        """
        owners = await asyncio.gather(*(self._owner(video) for video in batch))
        operations: list[Operation] = []
        for (video, wanted), owner in zip(batch.items(), owners, strict=True):
            if wanted and owner == self._session.session_id:
                continue
            if owner is not None:
                operations.append(Delete(self._path(video)))
                self.stats.taken_over += wanted
            if wanted:
                operations.append(self._operation(video, wanted))
        if operations:
            await self._session.multi(operations)

    async def _owner(self, video: str) -> int | None:
        try:
            _, stat = await self._session.get(self._path(video))
        except NoNodeError:
            return None
        return stat.owner

    def _settle(self, batch: Mapping[str, bool]) -> None:
        self._unsure.difference_update(batch)
        for video, wanted in batch.items():
            if not wanted:
                self._there.discard(video)
                continue
            self._there.add(video)
            if video in self._wanted:
                call_all(self._announced_callbacks, video)

    def _operation(self, video: str, wanted: bool) -> Operation:
        path = self._path(video)
        return Create(path, ephemeral=True) if wanted else Delete(path)

    def _path(self, video: str) -> str:
        return self._session.paths.route(video, Route(video, self._rms_id, self._boot_id).name)
