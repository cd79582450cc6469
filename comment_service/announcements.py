"""What was stored becomes an event of the live stream."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from comment_service.metrics import CommentServiceMetrics
from comment_service.publishing.order import PublishOrder
from livecomments.v1 import event_pb2

Kind = event_pb2.Event.Kind


class EventPublisher(Protocol):
    """Hands events to the dispatchers."""

    def publish(self, event: event_pb2.Event) -> None:
        """Queues ``event``; never blocks and never fails, also where no dispatcher can be reached."""


class Announcements:
    """A video's events go out in the order in which their writes began, each once its write is done."""

    def __init__(self, publisher: EventPublisher, metrics: CommentServiceMetrics) -> None:
        self._publisher = publisher
        self._metrics = metrics
        self._order = PublishOrder(self._publish)

    def __len__(self) -> int:
        """Events that wait for their write, or for one before theirs."""
        return len(self._order)

    def once_written(
        self, live_video_id: str, event_id: int, kind: Kind.ValueType, data: bytes, write: asyncio.Future[Any]
    ) -> None:
        """Announces it when ``write`` is done, and drops it where that fails, or its result is False.

        ``data``: the JSON of the event, UTF-8 on one line.
        """
        event = event_pb2.Event(live_video_id=live_video_id, event_id=event_id, kind=kind, data=data)
        self._order.add(event, write)

    async def drain(self) -> None:
        """Waits until what was taken in is stored, or refused, and handed to the publisher."""
        await self._order.drain()

    def _publish(self, event: event_pb2.Event) -> None:
        if event.kind == event_pb2.Event.KIND_COMMENT:
            self._metrics.stored.inc()
        self._publisher.publish(event)
