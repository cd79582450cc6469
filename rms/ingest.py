"""The gRPC edge: events and heads from the dispatchers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NoReturn

import grpc

from coordination.ids import clock_ms, id_time_ms
from livecomments.v1 import event_pb2, realtime_messaging_pb2, realtime_messaging_pb2_grpc
from rms.count_reports import report_counts
from rms.hub import Hub
from rms.metrics import ServiceMetrics
from rms.viewer_counts import ViewerCounts
from service_kit.event_batch import Malformed, OverLimit, check_batch, check_count, fault_of_video
from service_kit.grpc_server import GrpcService

KINDS = frozenset(event_pb2.Event.Kind.values()) - {event_pb2.Event.KIND_UNSPECIFIED}
# Items taken before the loop serves others.
SLICE = 100
# For the last report of counts, once its stream has ended.
REPORTS_END_TIMEOUT_S = 1.0

Batch = realtime_messaging_pb2.DeliverBatch
Ack = realtime_messaging_pb2.DeliverAck
ViewerCount = realtime_messaging_pb2.ViewerCount


class Ingest(realtime_messaging_pb2_grpc.RealtimeMessagingServicer):
    """``livecomments.v1.RealtimeMessaging``: gives each event to its channel and acknowledges by sequence. On the same
    stream it reports ``counts``, a video's at most every ``report_every_s``.

    ``clock_ms`` gives milliseconds since 1970.
    """

    def __init__(
        self,
        hub: Hub,
        counts: ViewerCounts,
        metrics: ServiceMetrics,
        *,
        report_every_s: float = 2.5,
        clock_ms: Callable[[], int] = clock_ms,
    ) -> None:
        self._hub = hub
        self._counts = counts
        self._report_every_s = report_every_s
        self._metrics = metrics
        self._clock_ms = clock_ms

    def service(self) -> GrpcService:
        """What a ``GrpcServer`` serves."""
        return GrpcService(
            "livecomments.v1.RealtimeMessaging",
            lambda server: realtime_messaging_pb2_grpc.add_RealtimeMessagingServicer_to_server(self, server),
        )

    async def Deliver(  # type: ignore[override]  # noqa: N802  # of two ways to write it the stub knows one
        self, request_iterator: AsyncIterator[Batch], context: grpc.aio.ServicerContext[Batch, Ack]
    ) -> None:
        """See realtime_messaging.proto."""
        async with self._acks(context) as acks:
            async for batch in request_iterator:
                try:
                    _check(batch, acks.sequence)
                except Malformed as error:
                    await acks.refuse(grpc.StatusCode.INVALID_ARGUMENT, str(error))
                except OverLimit as error:
                    await acks.refuse(grpc.StatusCode.RESOURCE_EXHAUSTED, str(error))
                await acks.acknowledge(batch.sequence, sorted(await self._take(batch)))

    @asynccontextmanager
    async def _acks(self, context: grpc.aio.ServicerContext[Batch, Ack]) -> AsyncIterator[_Acks]:
        """The stream's answers, with reports among them."""
        acks = _Acks(context)
        reports = asyncio.create_task(report_counts(self._counts, acks.report, every_s=self._report_every_s))
        try:
            yield acks
        finally:
            reports.cancel()
            # Not without a limit: a write that gRPC has under way when a call ends may never return.
            await asyncio.wait({reports}, timeout=REPORTS_END_TIMEOUT_S)

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
        for total in batch.viewers:
            self._hub.show_viewers(total.live_video_id, total.count)
        return misrouted


class _Acks:
    """What goes back on one stream, one message at a time."""

    def __init__(self, context: grpc.aio.ServicerContext[Batch, Ack]) -> None:
        self._context = context
        self._writing = asyncio.Lock()  # a stream takes no second message before it has taken the first
        self._ended = False
        self.sequence = 0
        """Of the last batch that was taken."""

    async def acknowledge(self, sequence: int, misrouted_videos: list[str]) -> None:
        """All batches up to this one are taken."""
        self.sequence = sequence
        async with self._writing:
            await self._context.write(Ack(sequence=sequence, misrouted_videos=misrouted_videos))

    async def report(self, viewers: list[ViewerCount]) -> None:
        """So many watch these videos."""
        async with self._writing:
            if not self._ended:
                await self._context.write(Ack(sequence=self.sequence, viewers=viewers))

    async def refuse(self, code: grpc.StatusCode, detail: str) -> NoReturn:
        """Ends the stream with a status, once nothing is being written: a status sent meanwhile may get stuck."""
        async with self._writing:
            self._ended = True
            await self._context.abort(code, detail)


def _check(batch: Batch, previous_sequence: int) -> None:
    check_batch(batch, previous_sequence, kinds=KINDS)
    check_count("viewers", batch.viewers)
    for number, total in enumerate(batch.viewers):
        fault = fault_of_video(total.live_video_id)
        if fault:
            raise Malformed(f"viewers[{number}].{fault}")
