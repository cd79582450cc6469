"""What waits for one receiver, and the stream that takes it there."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
import structlog

from dispatcher.acked_queue import AckedQueue
from dispatcher.item import Item
from dispatcher.metrics import OutboxMetrics
from dispatcher.reasons import DropReason
from livecomments.v1 import event_pb2
from service_kit.acked_stream import AckedStream, Batch, StreamEnd
from service_kit.grpc_client import OpenChannel, open_channel

# Numbers of viewers in one batch.
MAX_BATCH_TOTALS = 1_000
# Waiting; no RMS serves more videos.
MAX_TOTALS = 100_000

_log = structlog.get_logger()


Totals = Sequence[tuple[str, int]]


@dataclass(frozen=True)
class OutboxLimits:
    """The bounds of an outbox."""

    items: int
    size_bytes: int
    # Unacknowledged batches.
    window: int
    # A receiver that acknowledges nothing for so long hangs.
    ack_timeout_s: float


@dataclass(frozen=True)
class Delivery:
    """How one kind of receiver is spoken to. What is called is given the receiver's name first."""

    method: Callable[[grpc.aio.Channel], Any]
    # Of events, heads and, by video, totals of viewers.
    batch: Callable[[int, list[event_pb2.Event], list[event_pb2.Head], Totals], Batch]
    # What to do with an acknowledgement beside taking it.
    on_ack: Callable[[str, Any], None] = lambda receiver, ack: None
    # A stream that stood is no more.
    on_end: Callable[[str], None] = lambda receiver: None


class Outbox:
    """A bounded queue to ``receiver`` and one stream at a time to one of its addresses.

    Nothing is lost while the bound holds: what a broken stream had not acknowledged is sent again on the next one,
    before anything newer; receivers drop repeats by id. Over the bound the oldest are dropped and counted.
    """

    def __init__(
        self,
        receiver: str,
        delivery: Delivery,
        limits: OutboxLimits,
        metrics: OutboxMetrics,
        *,
        clock: Callable[[], float],
        open_channel: OpenChannel = open_channel,
    ) -> None:
        self._open_channel = open_channel
        self.receiver = receiver
        self.connected = False
        self.dropped = 0
        self._delivery = delivery
        self._limits = limits
        self._metrics = metrics
        self._clock = clock
        self._queue = AckedQueue(limits.items, limits.size_bytes)
        self._totals: OrderedDict[str, int] = OrderedDict()
        self._stream: AckedStream | None = None
        metrics.connected.set(0)
        metrics.watch(
            queued=lambda: self.queued,
            queued_bytes=lambda: self._queue.size_bytes,
            oldest_age_s=lambda: self.oldest_age_s,
        )

    @property
    def queued(self) -> int:
        """Items not acknowledged yet."""
        return len(self._queue)

    @property
    def oldest_age_s(self) -> float:
        """How long the oldest of them has been here; 0 where there is none."""
        oldest_at = self._queue.oldest_at
        return 0.0 if oldest_at is None else self._clock() - oldest_at

    @property
    def address(self) -> str | None:
        """Where the stream goes, or would go; None where the receiver's address is not known yet."""
        return None if self._stream is None else self._stream.address

    async def connect(self, addresses: Sequence[str]) -> None:
        """Leaves the stream that there is for one to the first of ``addresses`` that answers."""
        old = self._stream
        stream = self._stream = AckedStream(
            self,
            addresses,
            self._delivery.method,
            window=self._limits.window,
            ack_timeout_s=self._limits.ack_timeout_s,
            open_channel=self._open_channel,
        )
        if old is not None:
            await old.aclose()
        if self._stream is stream:
            stream.start()

    def put(self, items: Sequence[Item]) -> None:
        """Queues ``items``. Never blocks."""
        dropped = self._queue.put(items)
        if dropped:
            self._count_dropped(DropReason.OUTBOX_FULL, dropped)
        if self._stream is not None:
            self._stream.wake()

    def put_total(self, video: str, viewers: int) -> None:
        """Has the receiver told how many watch ``video``, unless a newer number comes first. Never blocks.

        A number that goes down with the stream is not sent again: for the next one all begins anew.
        """
        if not self.connected or self._stream is None:
            return
        self._totals[video] = viewers
        if len(self._totals) > MAX_TOTALS:
            self._totals.popitem(last=False)
            self._metrics.dropped(DropReason.OUTBOX_FULL, 1)
        self._stream.wake()

    async def aclose(self, reason: DropReason = DropReason.CLOSED) -> None:
        """Ends the stream; what still waits is given up for ``reason``."""
        stream, self._stream = self._stream, None
        if stream is not None:
            await stream.aclose()
        self._count_dropped(reason, len(self._queue))
        self._metrics.forget()

    def opened(self) -> None:
        """The stream stands."""
        self.connected = True
        self._metrics.connected.set(1)
        _log.info("receiver_connected", receiver=self.receiver, address=self.address)

    def next_batch(self, sequence: int) -> Batch | None:
        """Everything that waits, bounded."""
        now = self._clock()
        batch = self._queue.take(sequence, now)
        totals = [self._totals.popitem(last=False) for _ in range(min(MAX_BATCH_TOTALS, len(self._totals)))]
        if batch is None:
            return self._delivery.batch(sequence, [], [], totals) if totals else None
        events: list[event_pb2.Event] = []
        heads: list[event_pb2.Head] = []
        for item in batch.items:
            message = item.message
            if type(message) is event_pb2.Event:
                events.append(message)
            else:
                # After the events, whatever stood between: a head only names an event that went before it.
                heads.append(message)
        self._count_sent(len(events), len(heads), batch.resent)
        self._metrics.wait_seconds.observe(now - batch.items[0].came_at)
        return self._delivery.batch(sequence, events, heads, totals)

    def acknowledged(self, ack: Any) -> None:
        """The receiver has everything up to ``ack.sequence``."""
        now = self._clock()
        for batch in self._queue.acknowledge(ack.sequence):
            self._metrics.ack_seconds.observe(now - batch.sent_at)
        self._delivery.on_ack(self.receiver, ack)

    def ended(self, reason: StreamEnd) -> None:
        """The stream broke: what was on the way waits for the next one."""
        self._metrics.stream_ended(reason)
        if reason is StreamEnd.REJECTED:
            # Sent again it would be refused for ever, and hold up what comes after it.
            self._count_dropped(DropReason.REJECTED, self._queue.reject_first())
        self._queue.requeue()
        if self.connected:
            _log.warning("receiver_lost", receiver=self.receiver, address=self.address, reason=reason)
            self._delivery.on_end(self.receiver)
        self._totals.clear()
        self.connected = False
        self._metrics.connected.set(0)

    def _count_sent(self, events: int, heads: int, resent: int) -> None:
        metrics = self._metrics
        metrics.batches.inc()
        if resent:
            # Repeats are the first of the batch, almost always events.
            metrics.resent.inc(resent)
            repeated = min(resent, events)
            events, heads = events - repeated, max(0, heads - (resent - repeated))
        metrics.sent.inc(events)
        metrics.heads_sent.inc(heads)

    def _count_dropped(self, reason: DropReason, count: int) -> None:
        self.dropped += count
        self._metrics.dropped(reason, count)
