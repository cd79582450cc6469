"""EDS: tells every subscribed Envoy the endpoints of its clusters, now and whenever they change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping

import grpc
import structlog
from envoy.service.discovery.v3 import discovery_pb2
from envoy.service.endpoint.v3 import eds_pb2_grpc

from coordination.membership import NodeRecord
from lb.envoy.endpoints import TYPE_URL, Assignment, assignment, response, version
from lb.envoy.metrics import XdsMetrics
from lb.envoy.reasons import RefusalReason
from service_kit.grpc_server import GrpcService

SERVICE_NAME = "envoy.service.endpoint.v3.EndpointDiscoveryService"
MAX_RESOURCES = 64
log = structlog.get_logger()


class EndpointDiscovery(eds_pb2_grpc.EndpointDiscoveryServiceServicer):  # type: ignore[misc]
    """The state-of-the-world variant of EDS.

    A subscription is sent the newest state, never a queue of changes, so a slow Envoy costs one answer. What an Envoy
    rejects is not sent again until it changes.
    """

    def __init__(self, metrics: XdsMetrics, *, max_streams: int = 256) -> None:
        self._metrics = metrics
        self._max_streams = max_streams
        self._assignments: dict[str, Assignment] = {}
        self._subscriptions: set[_Subscription] = set()

    def as_service(self) -> GrpcService:
        """For a ``GrpcServer``."""
        return GrpcService(
            SERVICE_NAME, lambda server: eds_pb2_grpc.add_EndpointDiscoveryServiceServicer_to_server(self, server)
        )

    def update(self, cluster: str, nodes: Mapping[str, NodeRecord]) -> None:
        """Replaces a cluster's endpoints and tells everyone, where that changes anything."""
        new, old = assignment(cluster, nodes), self._assignments.get(cluster)
        self._count(cluster, new)
        if old is not None and old.version == new.version:
            return
        self._assignments[cluster] = new
        log.info("endpoints_changed", cluster=cluster, endpoints=new.size, version=new.version)
        for subscription in self._subscriptions:
            subscription.wake.set()

    def _count(self, cluster: str, new: Assignment) -> None:
        self._metrics.endpoints.labels(cluster).set(new.size)
        for reason, count in new.omissions().items():
            self._metrics.omitted.labels(cluster, reason).set(count)
        for node_id, reason in new.omitted.items():
            log.warning("node_omitted", cluster=cluster, node=node_id, reason=reason)

    # The method must itself be an async generator: grpc.aio takes any other awaitable for a single answer.
    async def StreamEndpoints(  # noqa: N802 - the service's name for it
        self,
        requests: AsyncIterator[discovery_pb2.DiscoveryRequest],
        context: grpc.aio.ServicerContext[discovery_pb2.DiscoveryRequest, discovery_pb2.DiscoveryResponse],
    ) -> AsyncIterator[discovery_pb2.DiscoveryResponse]:
        if len(self._subscriptions) >= self._max_streams:
            await self._refuse(context, RefusalReason.TOO_MANY_STREAMS)
        subscription = _Subscription(self._metrics)
        self._subscriptions.add(subscription)
        self._metrics.streams.set(len(self._subscriptions))
        reader = asyncio.create_task(subscription.read(requests))
        try:
            while not subscription.ended:
                await subscription.wake.wait()
                subscription.wake.clear()
                if subscription.refusal is not None:
                    await self._refuse(context, subscription.refusal)
                answer = subscription.answer(self._assignments)
                if answer is not None:
                    self._metrics.pushes.inc()
                    yield answer
        finally:
            reader.cancel()
            self._subscriptions.discard(subscription)
            self._metrics.streams.set(len(self._subscriptions))

    async def _refuse(
        self,
        context: grpc.aio.ServicerContext[discovery_pb2.DiscoveryRequest, discovery_pb2.DiscoveryResponse],
        reason: RefusalReason,
    ) -> None:
        self._metrics.refused.labels(reason).inc()
        log.warning("subscription_refused", reason=reason, peer=context.peer())
        code, detail = {
            RefusalReason.TOO_MANY_STREAMS: (
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"{self._max_streams} subscriptions are open already",
            ),
            RefusalReason.TOO_MANY_RESOURCES: (
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"resource_names has more than {MAX_RESOURCES} names",
            ),
            RefusalReason.WRONG_TYPE: (grpc.StatusCode.INVALID_ARGUMENT, f"type_url must be {TYPE_URL}"),
        }[reason]
        await context.abort(code, detail)


class _Subscription:
    """One Envoy's wish and what it was last sent."""

    def __init__(self, metrics: XdsMetrics) -> None:
        self.wake = asyncio.Event()
        self.ended = False
        self.refusal: RefusalReason | None = None
        self._metrics = metrics
        self._names: tuple[str, ...] = ()
        self._answers = 0
        self._sent_names: tuple[str, ...] = ()
        self._sent_version = ""

    async def read(self, requests: AsyncIterator[discovery_pb2.DiscoveryRequest]) -> None:
        """Takes in what the Envoy asks and acknowledges until it hangs up."""
        try:
            async for request in requests:
                self._take(request)
                if self.refusal is not None:
                    break
        finally:
            self.ended = True
            self.wake.set()

    def answer(self, assignments: Mapping[str, Assignment]) -> discovery_pb2.DiscoveryResponse | None:
        """What to send now; None where the Envoy has it already or asks for nothing that is known."""
        wanted = [assignments[name] for name in self._names if name in assignments]
        if not wanted or (self._names, version(wanted)) == (self._sent_names, self._sent_version):
            return None
        self._answers += 1
        self._sent_names, self._sent_version = self._names, version(wanted)
        return response(wanted, nonce=str(self._answers))

    def _take(self, request: discovery_pb2.DiscoveryRequest) -> None:
        if request.type_url not in {"", TYPE_URL}:
            self.refusal = RefusalReason.WRONG_TYPE
        elif len(request.resource_names) > MAX_RESOURCES:
            self.refusal = RefusalReason.TOO_MANY_RESOURCES
        elif request.response_nonce in {"", str(self._answers)}:
            self._names = _unique(request.resource_names)
            self._note_verdict(request)
        self.wake.set()

    def _note_verdict(self, request: discovery_pb2.DiscoveryRequest) -> None:
        if request.HasField("error_detail"):
            self._metrics.nacks.inc()
            log.error("endpoints_rejected", envoy=request.node.id, detail=request.error_detail.message)
        elif request.response_nonce:
            self._metrics.acks.inc()


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))
