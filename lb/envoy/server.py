"""The control plane as a node: ZooKeeper's memberships in, endpoints out."""

from __future__ import annotations

from contextlib import AsyncExitStack
from functools import partial

from coordination.errors import CoordinationError
from coordination.membership import MembershipView, Role
from coordination.session import ZooKeeperSession
from lb.envoy.clusters import COMMENT_SERVICE, RMS
from lb.envoy.control_plane import EndpointDiscovery
from lb.envoy.metrics import XdsMetrics
from lb.envoy.settings import XdsSettings
from service_kit.admin import AdminServer
from service_kit.coordination_metrics import SessionMetrics
from service_kit.errors import StartupError
from service_kit.grpc_server import GrpcServer
from service_kit.metrics import new_registry

CLUSTERS = {RMS: Role.RMS, COMMENT_SERVICE: Role.COMMENT_SERVICE}


class ControlPlaneServer:
    """One control plane; several may run side by side, and any one of them is enough.

    It starts only once it has read the memberships, so it never gives out an empty list because it knows nothing.
    While ZooKeeper is away it goes on with the last it knew. Without a control plane Envoy does the same.
    """

    def __init__(self, settings: XdsSettings) -> None:
        self._settings = settings
        registry = new_registry("xds", settings.node_id)
        self._session = ZooKeeperSession.of(settings)
        self._views = {cluster: MembershipView(self._session, role) for cluster, role in CLUSTERS.items()}
        SessionMetrics(registry).watch(self._session, *self._views.values())
        self._discovery = EndpointDiscovery(XdsMetrics(registry), max_streams=settings.max_streams)
        self._grpc = GrpcServer(settings.host, settings.port, services=[self._discovery.as_service()])
        self._admin = AdminServer(settings.host, settings.admin_port, registry, ready=self._not_ready)
        self._serving = False
        self._stack = AsyncExitStack()

    @property
    def port(self) -> int:
        """The gRPC port; the true one after ``start``."""
        return self._grpc.port

    @property
    def admin_port(self) -> int:
        """The admin port; the true one after ``start``."""
        return self._admin.port

    async def start(self) -> None:
        """Connects, reads the memberships, serves. Raises ``StartupError``; idempotent."""
        if self._serving:
            return
        try:
            await self._start_coordination()
        except CoordinationError as error:
            raise StartupError(str(error)) from error
        self._stack.push_async_callback(self._admin.aclose)
        await self._admin.start()
        self._stack.push_async_callback(self._grpc.aclose)
        await self._grpc.start()
        await self._grpc.set_serving(True)
        self._serving = True

    async def drain(self) -> None:
        """Reports itself as not serving; an Envoy that is cut off goes to another control plane by itself."""
        self._serving = False
        await self._grpc.set_serving(False)

    async def aclose(self) -> None:
        """Ends the subscriptions and the session; idempotent."""
        self._serving = False
        await self._stack.aclose()

    async def _start_coordination(self) -> None:
        self._stack.push_async_callback(self._session.aclose)
        await self._session.start()
        for cluster, view in self._views.items():
            self._stack.push_async_callback(view.aclose)
            await view.start()
            self._discovery.update(cluster, view.nodes)
            self._stack.callback(view.on_change(partial(self._discovery.update, cluster)))

    def _not_ready(self) -> list[str]:
        # Not a word of ZooKeeper: without it the last known endpoints are served, and Envoy needs somebody who does.
        return [] if self._serving else ["not serving"]
