"""The gRPC edge of a dispatcher: validates, hands on, maps errors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import structlog

from dispatcher.directory import Directory
from dispatcher.metrics import DispatcherMetrics
from dispatcher.outboxes import Outboxes
from dispatcher.reasons import RefusalReason
from dispatcher.relay import Relay
from dispatcher.router import Router
from livecomments.v1 import dispatcher_pb2, dispatcher_pb2_grpc, event_pb2
from service_kit.event_batch import Malformed, OverLimit, check_batch, fault_of_video

KINDS = frozenset(event_pb2.Event.Kind.values()) - {event_pb2.Event.KIND_UNSPECIFIED}
MAX_ROUTES_DESCRIBED = 10_000

_log = structlog.get_logger()

Context = grpc.aio.ServicerContext[Any, Any]
AnyBatch = dispatcher_pb2.PublishBatch | dispatcher_pb2.RelayBatch


class DispatcherService(dispatcher_pb2_grpc.DispatcherServicer):
    """Puts what comes by Publish and Relay into the outboxes, and what comes by Publish into the relay too."""

    def __init__(
        self,
        router: Router,
        outboxes: Outboxes,
        relay: Relay,
        directory: Directory,
        metrics: DispatcherMetrics,
        *,
        max_streams: int,
    ) -> None:
        self._router = router
        self._outboxes = outboxes
        self._relay = relay
        self._directory = directory
        self._metrics = metrics
        self._max_streams = max_streams
        self._streams = {"publish": 0, "relay": 0}

    @property
    def publishers(self) -> int:
        """Publish streams that are open."""
        return self._streams["publish"]

    async def Publish(  # noqa: N802 (the wire contract's name)
        self, request_iterator: AsyncIterator[dispatcher_pb2.PublishBatch], context: Context
    ) -> AsyncIterator[dispatcher_pb2.PublishAck]:
        """Events of this data centre."""
        async for ack in self._serve("publish", request_iterator, context, dispatcher_pb2.PublishAck):
            yield ack

    async def Relay(  # noqa: N802
        self, request_iterator: AsyncIterator[dispatcher_pb2.RelayBatch], context: Context
    ) -> AsyncIterator[dispatcher_pb2.RelayAck]:
        """Events of a peer data centre; they have made their one hop."""
        async for ack in self._serve("relay", request_iterator, context, dispatcher_pb2.RelayAck):
            yield ack

    async def DescribeRoutes(  # noqa: N802
        self, request: dispatcher_pb2.DescribeRoutesRequest, context: Context
    ) -> dispatcher_pb2.DescribeRoutesResponse:
        """The routes and outboxes as they stand."""
        video = request.live_video_id
        fault = fault_of_video(video) if video else None
        if fault:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, fault)
        return self._directory.describe(video, limit=MAX_ROUTES_DESCRIBED)

    async def _serve(
        self, way: str, batches: AsyncIterator[AnyBatch], context: Context, ack: Callable[..., Any]
    ) -> AsyncIterator[Any]:
        streams = sum(self._streams.values())
        if streams >= self._max_streams:
            await self._refuse(
                context,
                RefusalReason.TOO_MANY_STREAMS,
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"{streams} Publish and Relay streams are open, at most {self._max_streams}",
            )
        self._streams[way] += 1
        open_streams = self._metrics.streams.labels(way)
        open_streams.inc()
        try:
            sequence = 0
            async for batch in batches:
                try:
                    check_batch(batch, sequence, kinds=KINDS)
                except Malformed as fault:
                    await self._refuse(context, RefusalReason.MALFORMED, grpc.StatusCode.INVALID_ARGUMENT, str(fault))
                except OverLimit as fault:
                    await self._refuse(
                        context, RefusalReason.OVER_LIMIT, grpc.StatusCode.RESOURCE_EXHAUSTED, str(fault)
                    )
                sequence = batch.sequence
                self._take(way, batch)
                yield ack(sequence=sequence)
        finally:
            self._streams[way] -= 1
            open_streams.dec()

    def _take(self, way: str, batch: AnyBatch) -> None:
        routed = self._router.route(batch.events, batch.heads)
        for rms_id, items in routed.by_rms.items():
            self._outboxes.put(rms_id, items)
        if way == "publish":
            self._relay.put(routed.items)
        self._metrics.received.labels(way).inc(len(batch.events))
        if batch.heads:
            self._metrics.heads_received.labels(way).inc(len(batch.heads))
        if routed.unrouted:
            self._metrics.unrouted.inc(routed.unrouted)

    async def _refuse(self, context: Context, reason: RefusalReason, code: grpc.StatusCode, detail: str) -> None:
        self._metrics.refused.labels(reason).inc()
        _log.warning("stream_refused", reason=reason, peer=context.peer(), detail=detail)
        await context.abort(code, detail)
