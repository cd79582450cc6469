"""The life of a dispatcher: what it is made of, and in which order that starts and ends."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable

import structlog

from coordination.errors import CoordinationError
from coordination.membership import DISPLACED, Membership, MembershipView, NodeRecord, Role
from coordination.routes import Route, RouteWatcher
from coordination.session import SessionState, ZooKeeperSession
from dispatcher.directory import Directory
from dispatcher.metrics import DispatcherMetrics, OutboxFamily
from dispatcher.outbox import Delivery, Outbox, OutboxLimits
from dispatcher.outboxes import Outboxes
from dispatcher.recent import RecentWindow
from dispatcher.relay import RELAY, Relay
from dispatcher.rms import rms_delivery
from dispatcher.router import Router
from dispatcher.service import DispatcherService
from dispatcher.settings import DispatcherSettings
from dispatcher.viewer_counts import ViewerCounts
from dispatcher.viewer_totals import ViewerTotals
from dispatcher.viewers import Viewers
from livecomments.v1 import dispatcher_pb2_grpc
from service_kit.admin import AdminServer
from service_kit.coordination_metrics import MembershipMetrics, SessionMetrics
from service_kit.errors import StartupError
from service_kit.grpc_client import channels
from service_kit.grpc_server import GrpcServer, GrpcService
from service_kit.grpc_tls import GrpcTls
from service_kit.metrics import new_registry
from service_kit.tasks import end_tasks

HOUSEKEEPING_S = 1.0
# What publishers may take to go elsewhere. They learn of it within milliseconds, or not at all while ZooKeeper is out.
LEAVE_S = 1.0

_log = structlog.get_logger()


class DispatcherServer:
    """One dispatcher: takes events by gRPC and sends each to the RMS nodes that serve its video."""

    def __init__(self, settings: DispatcherSettings) -> None:
        self._settings = settings
        self.boot_id = uuid.uuid4().hex
        registry = new_registry("dispatcher", settings.node_id)
        self._metrics = DispatcherMetrics(registry)
        self._tls = GrpcTls.of(settings)
        self._session = ZooKeeperSession.of(settings)
        self._watcher = RouteWatcher(self._session)
        self._membership_metrics = MembershipMetrics(registry)
        self._dispatchers = MembershipView(self._session, Role.DISPATCHER)
        SessionMetrics(registry).watch(self._session, self._watcher, self._watcher.members, self._dispatchers)
        self._recent = _recent_window(settings)
        self._router = Router(self._watcher.table.rms_of, self._recent, clock=time.monotonic)
        self._counts = ViewerCounts(
            max_counts=settings.viewer_counts, grace_s=settings.viewers_grace_s, clock=time.monotonic
        )
        self._viewers = self._hear_viewers()
        self._outboxes = Outboxes(
            self._opener(
                rms_delivery(self._on_misrouted, self._viewers),
                self._metrics.rms,
                settings.outbox_events,
                settings.outbox_bytes,
            ),
            abandon_after_s=settings.outbox_abandon_s,
            clock=time.monotonic,
        )
        self._relay = Relay(
            settings.peers,
            self._opener(RELAY, self._metrics.peers, settings.relay_events, settings.relay_bytes),
        )
        self._service = DispatcherService(
            self._router,
            self._outboxes,
            self._relay,
            Directory(self._watcher.table, self._outboxes, session_state=lambda: self._session.state),
            self._metrics,
            max_streams=settings.max_publishers,
        )
        self._grpc = GrpcServer(
            settings.host,
            settings.grpc_port,
            services=[
                GrpcService(
                    "livecomments.v1.Dispatcher",
                    lambda server: dispatcher_pb2_grpc.add_DispatcherServicer_to_server(self._service, server),
                )
            ],
            tls=self._tls,
        )
        self._admin = AdminServer(settings.host, settings.admin_port, registry, ready=self._not_ready)
        self._membership: Membership | None = None
        self._unsubscribe: list[Callable[[], None]] = []
        self._housekeeping: asyncio.Task[None] | None = None
        # Why it takes no events now; empty while it does.
        self._state = "starting"

    @property
    def grpc_address(self) -> str:
        """Where Publish and Relay are served."""
        return f"{self._settings.host}:{self._grpc.port}"

    @property
    def admin_address(self) -> str:
        """Where /metrics, /healthz and /readyz are served."""
        return f"{self._settings.host}:{self._admin.port}"

    async def start(self) -> None:
        """Reads all routes, and only then joins: without them it would drop what it is given.

        Raises ``StartupError``.
        """
        if self._housekeeping is not None:
            return
        try:
            await self._session.start()
            await self._follow_routes()
            await self._follow_dispatchers()
            await self._relay.start()
            await self._grpc.start()
            await self._admin.start()
            await self._join()
        except CoordinationError as error:
            raise StartupError(f"ZooKeeper {self._settings.zookeeper}: {error}") from None
        await self._grpc.set_serving(True)
        self._housekeeping = asyncio.create_task(self._keep_house())
        self._state = ""
        _log.info("serving", grpc=self.grpc_address, admin=self.admin_address, videos=len(self._watcher.table))

    async def drain(self) -> None:
        """Leaves, lets publishers go elsewhere, then empties the outboxes of the receivers that answer."""
        self._state = "draining"
        await self._grpc.set_serving(False)
        if self._membership is not None:
            await self._membership.leave()
        try:
            async with asyncio.timeout(LEAVE_S):
                await _until(lambda: self._service.publishers == 0)
        except TimeoutError:
            _log.info("publishers_stay", publishers=self._service.publishers)
        # Who is still there finds its stream ended and sends what was not acknowledged to another dispatcher.
        await self._grpc.aclose()
        await _until(lambda: all(not (box.connected and box.queued) for box in (*self._outboxes, *self._relay)))

    async def aclose(self) -> None:
        """Lets go of everything."""
        task, self._housekeeping = self._housekeeping, None
        await end_tasks(task)
        while self._unsubscribe:
            self._unsubscribe.pop()()
        if self._membership is not None:
            await self._membership.aclose()
        await self._grpc.aclose()
        await self._viewers.aclose()
        await self._relay.aclose()
        await self._outboxes.aclose()
        await self._dispatchers.aclose()
        await self._watcher.aclose()
        await self._admin.aclose()
        await self._session.aclose()

    async def _follow_routes(self) -> None:
        self._unsubscribe.append(self._watcher.on_routes_added(self._on_routes_added))
        await self._watcher.start()
        await self._all_listed()
        self._unsubscribe.append(self._watcher.members.on_change(self._outboxes.follow))
        self._outboxes.follow(self._watcher.members.nodes)
        self._metrics.watch(
            recent_items=lambda: self._recent.items,
            recent_bytes=lambda: self._recent.size_bytes,
            recent_dropped=lambda: self._recent.dropped,
            routed_videos=lambda: len(self._watcher.table),
            route_relists=lambda: self._watcher.stats.relists,
            route_buckets_pending=lambda: self._watcher.pending,
            viewer_counts=lambda: len(self._counts),
            viewer_counts_dropped=lambda: self._counts.dropped,
        )

    async def _follow_dispatchers(self) -> None:
        self._unsubscribe.append(self._dispatchers.on_change(self._viewers.follow))
        await self._dispatchers.start()
        await self._viewers.start()

    async def _all_listed(self) -> None:
        """Waits for a listing without error: what a lost connection cut short is listed again when it is back."""
        errors = -1
        while errors != self._watcher.relist_errors:
            errors = self._watcher.relist_errors
            await _until(lambda: self._session.state is SessionState.CONNECTED and not self._watcher.pending)

    async def _join(self) -> None:
        record = NodeRecord(self._settings.node_id, self.boot_id, grpc=self.grpc_address, admin=self.admin_address)
        self._membership = Membership(self._session, Role.DISPATCHER, record)
        self._membership_metrics.watch(self._membership)
        await self._membership.start()

    def _hear_viewers(self) -> Viewers:
        return Viewers(
            self._counts,
            ViewerTotals(self._counts, every_s=self._settings.viewers_every_s, clock=time.monotonic),
            self._metrics,
            node_id=self._settings.node_id,
            rms_of=self._watcher.table.rms_of,
            tell=self._tell_viewers,
        )

    def _opener(
        self, delivery: Delivery, family: OutboxFamily, max_items: int, max_bytes: int
    ) -> Callable[[str], Outbox]:
        limits = OutboxLimits(max_items, max_bytes, self._settings.outbox_window, self._settings.outbox_ack_timeout_s)
        open_channel = channels(self._tls)
        return lambda receiver: Outbox(
            receiver, delivery, limits, family.of(receiver), clock=time.monotonic, open_channel=open_channel
        )

    def _on_routes_added(self, routes: list[Route]) -> None:
        for route in routes:
            items = self._router.recent_of(route.video)
            if items:
                self._metrics.replayed.inc(len(items))
                self._outboxes.put(route.rms_id, items)

    def _on_misrouted(self, video: str) -> None:
        self._metrics.misrouted.inc()
        self._watcher.relist(video)

    def _tell_viewers(self, rms_id: str, video: str, total: int) -> None:
        self._outboxes.put_total(rms_id, video, total)

    def _not_ready(self) -> list[str]:
        if self._state:
            return [self._state]
        displaced = self._membership is not None and self._membership.displaced_by is not None
        return [DISPLACED] if displaced else []

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(HOUSEKEEPING_S)
            self._recent.expire()
            await self._outboxes.abandon()


def _recent_window(settings: DispatcherSettings) -> RecentWindow:
    return RecentWindow(
        window_s=settings.recent_s,
        max_per_video=settings.recent_events_per_video,
        max_items=settings.recent_events,
        max_bytes=settings.recent_bytes,
        clock=time.monotonic,
    )


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 (only at the start and the end; the parts signal nothing)
        await asyncio.sleep(0.01)
