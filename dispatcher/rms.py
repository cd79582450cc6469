"""How an RMS is spoken to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc

from coordination.ids import clock_ms
from dispatcher.outbox import Delivery, Totals
from dispatcher.viewers import Viewers
from livecomments.v1 import event_pb2, realtime_messaging_pb2, realtime_messaging_pb2_grpc

# Of a ``uint32``.
MAX_TOTAL = 2**32 - 1


def rms_delivery(on_misrouted: Callable[[str], None], viewers: Viewers) -> Delivery:
    """Deliver streams; ``on_misrouted`` is called with each video that the RMS says it does not serve, ``viewers`` is
    told what it says of its viewers."""

    def on_ack(rms_id: str, ack: realtime_messaging_pb2.DeliverAck) -> None:
        for video in ack.misrouted_videos:
            on_misrouted(video)
        if ack.viewers:
            viewers.report(rms_id, ack.viewers)

    return Delivery(method=_method, batch=_batch, on_ack=on_ack, on_end=viewers.stream_ended)


def _method(channel: grpc.aio.Channel) -> Any:
    return realtime_messaging_pb2_grpc.RealtimeMessagingStub(channel).Deliver


def _batch(
    sequence: int, events: list[event_pb2.Event], heads: list[event_pb2.Head], totals: Totals
) -> realtime_messaging_pb2.DeliverBatch:
    return realtime_messaging_pb2.DeliverBatch(
        sequence=sequence,
        events=events,
        heads=heads,
        sent_ms=clock_ms(),
        viewers=[
            realtime_messaging_pb2.ViewerCount(live_video_id=video, count=min(total, MAX_TOTAL))
            for video, total in totals
        ],
    )
