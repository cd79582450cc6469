"""One dispatcher, as the publisher sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import grpc
import structlog

from comment_service.publishing.metrics import PublishMetrics
from comment_service.publishing.outbox import Item, Lane, PublishOutbox
from comment_service.publishing.reasons import PublishDropReason
from livecomments.v1 import dispatcher_pb2, dispatcher_pb2_grpc, event_pb2
from service_kit.acked_stream import AckedStream, StreamEnd
from service_kit.grpc_client import OpenChannel, open_channel

if TYPE_CHECKING:
    from coordination.membership import NodeRecord

_log = structlog.get_logger()


class DispatcherLink:
    """Keeps a Publish stream to the dispatcher of ``record``; it has a lane in ``outbox`` while the stream stands."""

    def __init__(
        self,
        record: NodeRecord,
        outbox: PublishOutbox,
        metrics: PublishMetrics,
        *,
        clock: Callable[[], float],
        window: int,
        ack_timeout_s: float,
        open_channel: OpenChannel = open_channel,
    ) -> None:
        if record.grpc is None:
            raise ValueError(f"dispatcher {record.node_id} has no gRPC address")
        self.record = record
        self._outbox = outbox
        self._metrics = metrics
        self._clock = clock
        self._lane: Lane | None = None
        self._retired = False
        self._stream = AckedStream(
            self,
            [record.grpc],
            _publish,
            window=window,
            ack_timeout_s=ack_timeout_s,
            open_channel=open_channel,
        )

    @property
    def connected(self) -> bool:
        """Its stream stands."""
        return self._lane is not None

    @property
    def idle(self) -> bool:
        """Nothing is on the way to it."""
        return self._lane is None or self._lane.empty

    def start(self) -> None:
        """Begins to connect."""
        self._stream.start()

    def retire(self) -> None:
        """The dispatcher left the membership: finishes what is on the way, takes more only if no other is there."""
        self._retired = True
        if self._lane is not None:
            self._outbox.retire_lane(self._lane)

    async def aclose(self) -> None:
        """Ends the stream; what was not acknowledged goes to other dispatchers."""
        await self._stream.aclose()

    def opened(self) -> None:
        """The stream stands."""
        _log.info("dispatcher_connected", dispatcher=self.record.node_id, address=self.record.grpc)
        self._lane = self._outbox.open_lane(self.record.node_id, self._stream.wake)
        if self._retired:
            self._outbox.retire_lane(self._lane)

    def next_batch(self, sequence: int) -> dispatcher_pb2.PublishBatch | None:
        """What waits for this dispatcher."""
        batch = self._lane and self._outbox.take(self._lane, sequence)
        return _message(sequence, batch.items) if batch else None

    def acknowledged(self, ack: dispatcher_pb2.PublishAck) -> None:
        """The dispatcher answers for everything up to ``ack.sequence`` now."""
        if self._lane is None:
            return
        now = self._clock()
        for batch in self._outbox.acknowledge(self._lane, ack.sequence):
            self._metrics.batches.inc()
            self._metrics.acknowledged.inc(len(batch.items))
            self._metrics.ack_seconds.observe(now - batch.items[0].queued_at)

    def ended(self, reason: StreamEnd) -> None:
        """The stream broke: what is unacknowledged goes to another dispatcher, or waits for one."""
        self._metrics.stream_ends.labels(reason).inc()
        lane, self._lane = self._lane, None
        if lane is None:
            return
        _log.warning("dispatcher_lost", dispatcher=self.record.node_id, reason=reason)
        if reason is StreamEnd.REJECTED:
            dropped = self._outbox.reject_first(lane)
            self._metrics.dropped.labels(PublishDropReason.REJECTED).inc(dropped)
        self._outbox.close_lane(lane, died=reason in (StreamEnd.BROKEN, StreamEnd.SILENT))


def _publish(channel: grpc.aio.Channel) -> object:
    return dispatcher_pb2_grpc.DispatcherStub(channel).Publish


def _message(sequence: int, items: list[Item]) -> dispatcher_pb2.PublishBatch:
    events = [item.message for item in items if isinstance(item.message, event_pb2.Event)]
    # After the events, whose order they do not matter to: a head only names an event that went before it.
    heads = [item.message for item in items if isinstance(item.message, event_pb2.Head)]
    return dispatcher_pb2.PublishBatch(sequence=sequence, events=events, heads=heads)
