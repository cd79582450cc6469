"""The gRPC edge: events and heads from the dispatchers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import grpc

from coordination.ids import id_time_ms
from livecomments.v1 import event_pb2, realtime_messaging_pb2, realtime_messaging_pb2_grpc
from rms.feed import Item
from rms.hub import Hub
from rms.metrics import ServiceMetrics
from service_kit.grpc_server import GrpcService
from service_kit.video_id import is_video_id

MAX_ITEMS = 1000
MAX_ORIGIN_CHARS = 200
MAX_DATA_BYTES = 64 * 1024
# Items taken before the loop serves others.
SLICE = 100

Batch = realtime_messaging_pb2.DeliverBatch
Ack = realtime_messaging_pb2.DeliverAck


class BatchError(Exception):
    """A batch cannot be taken. The message names the field."""


class MalformedBatchError(BatchError):
    """A field that no sender should send."""


class BatchOverLimitError(BatchError):
    """More than is taken at once."""


class Ingest(realtime_messaging_pb2_grpc.RealtimeMessagingServicer):
    """``livecomments.v1.RealtimeMessaging``: gives each event to its channel and acknowledges by sequence.

    ``clock_ms`` gives milliseconds since 1970.
    """

    def __init__(
        self,
        hub: Hub,
        metrics: ServiceMetrics,
        *,
        clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._hub = hub
        self._metrics = metrics
        self._clock_ms = clock_ms

    def service(self) -> GrpcService:
        """What a ``GrpcServer`` serves."""
        return GrpcService(
            "livecomments.v1.RealtimeMessaging",
            lambda server: realtime_messaging_pb2_grpc.add_RealtimeMessagingServicer_to_server(self, server),
        )

    async def Deliver(  # noqa: N802  # the name in the .proto
        self, request_iterator: AsyncIterator[Batch], context: grpc.aio.ServicerContext[Batch, Ack]
    ) -> AsyncIterator[Ack]:
        """See realtime_messaging.proto."""
        expected = 1
        async for batch in request_iterator:
            try:
                check_batch(batch, expected)
            except MalformedBatchError as error:
                await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
            except BatchOverLimitError as error:
                await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, str(error))
            yield Ack(sequence=batch.sequence, misrouted_videos=sorted(await self._take(batch)))
            expected += 1

    async def _take(self, batch: Batch) -> set[str]:
        """Delivers a batch; returns the videos that are not served here."""
        now = self._clock_ms()
        self._metrics.received.labels("event").inc(len(batch.events))
        self._metrics.received.labels("head").inc(len(batch.heads))
        if batch.sent_ms:
            self._metrics.hop_seconds.labels("dispatcher").observe(max(0, now - batch.sent_ms) / 1000)
        since_post = self._metrics.hop_seconds.labels("post")
        misrouted: set[str] = set()
        for number, event in enumerate(batch.events, start=1):
            if not self._hub.deliver(event):
                misrouted.add(event.live_video_id)
            if event.kind == event_pb2.Event.KIND_COMMENT:
                since_post.observe(max(0, now - id_time_ms(event.event_id)) / 1000)
            if number % SLICE == 0:
                await asyncio.sleep(0)
        # After the events: a head names one that may have come in this very batch.
        misrouted.update(head.live_video_id for head in batch.heads if not self._hub.deliver(head))
        return misrouted


def check_batch(batch: Batch, expected: int) -> None:
    """Raises ``BatchError`` unless ``batch`` is well-formed and the stream's number ``expected``.

    No stricter than a dispatcher is with publishers: what it has taken and this refused it would send for ever.
    """
    if batch.sequence != expected:
        raise MalformedBatchError(f"sequence: expected {expected}, got {batch.sequence}")
    for name, items in (("events", batch.events), ("heads", batch.heads)):
        if len(items) > MAX_ITEMS:
            raise BatchOverLimitError(f"{name}: {len(items)} in a batch, at most {MAX_ITEMS}")
    for number, event in enumerate(batch.events):
        if len(event.data) > MAX_DATA_BYTES:
            raise BatchOverLimitError(f"events[{number}].data: {len(event.data)} bytes, at most {MAX_DATA_BYTES}")
        fault = _fault_of_event(event)
        if fault:
            raise MalformedBatchError(f"events[{number}].{fault}")
    for number, head in enumerate(batch.heads):
        fault = _fault_of_address(head) or ("" if head.last_id else "last_id: missing")
        if fault:
            raise MalformedBatchError(f"heads[{number}].{fault}")


def _fault_of_event(event: event_pb2.Event) -> str:
    if not event.event_id:
        return "event_id: missing"
    if event.kind not in _KINDS:
        return f"kind: {event.kind} is not known"
    if b"\n" in event.data or b"\r" in event.data:
        return "data: has a line end"
    return _fault_of_address(event)


def _fault_of_address(item: Item) -> str:
    if not is_video_id(item.live_video_id):
        return f"live_video_id: {item.live_video_id[:80]!r} is not 1 to 64 of A-Z a-z 0-9 _ -"
    if not 1 <= len(item.origin) <= MAX_ORIGIN_CHARS:
        return f"origin: {len(item.origin)} characters, must be 1 to {MAX_ORIGIN_CHARS}"
    return ""


_KINDS = frozenset(event_pb2.Event.Kind.values()) - {event_pb2.Event.KIND_UNSPECIFIED}
