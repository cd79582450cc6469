"""How an RMS is spoken to."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import grpc

from dispatcher.outbox import Delivery
from livecomments.v1 import event_pb2, realtime_messaging_pb2, realtime_messaging_pb2_grpc


def rms_delivery(on_misrouted: Callable[[str], None]) -> Delivery:
    """Deliver streams; ``on_misrouted`` is called with each video that the RMS says it does not serve."""

    def on_ack(ack: realtime_messaging_pb2.DeliverAck) -> None:
        for video in ack.misrouted_videos:
            on_misrouted(video)

    return Delivery(method=_method, batch=_batch, on_ack=on_ack)


def _method(channel: grpc.aio.Channel) -> Any:
    return realtime_messaging_pb2_grpc.RealtimeMessagingStub(channel).Deliver


def _batch(
    sequence: int, events: list[event_pb2.Event], heads: list[event_pb2.Head]
) -> realtime_messaging_pb2.DeliverBatch:
    return realtime_messaging_pb2.DeliverBatch(
        sequence=sequence, events=events, heads=heads, sent_ms=time.time_ns() // 1_000_000
    )
