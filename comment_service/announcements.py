"""What was stored becomes an event of the live stream."""

from __future__ import annotations

import asyncio
from typing import Protocol, TypeVar

from comment_service.comment import Comment, OnWrite, nobody
from comment_service.metrics import CommentServiceMetrics
from comment_service.outcome import hand_on
from comment_service.publishing.order import PublishOrder
from livecomments.v1 import event_pb2

Kind = event_pb2.Event.Kind
T = TypeVar("T")


class EventPublisher(Protocol):
    """Hands events to the dispatchers."""

    def publish(self, event: event_pb2.Event) -> None:
        """Queues ``event``; never blocks and never fails, also where no dispatcher can be reached."""


class Announcements:
    """A video's events go out in the order in which their writes began, each once its write is done.

    ``on_write`` hears of each comment that was written, or may have been.
    """

    def __init__(
        self, publisher: EventPublisher, metrics: CommentServiceMetrics, *, on_write: OnWrite = nobody
    ) -> None:
        self._publisher = publisher
        self._metrics = metrics
        self._on_write = on_write
        self._order = PublishOrder(self._publish)

    def __len__(self) -> int:
        """Events that wait for their write, or for one before theirs."""
        return len(self._order)

    def once_written(
        self,
        live_video_id: str,
        event_id: int,
        kind: Kind.ValueType,
        data: bytes,
        write: asyncio.Future[T],
        *,
        comment: Comment | None = None,
    ) -> asyncio.Future[T]:
        """Announces it when ``write`` is done, and drops it where that fails, or its result is False.

        ``data``: the JSON of the event, UTF-8 on one line. ``comment``: what is written, where it is a comment.

        Returns what ``write`` gives. Whoever waits for that may go (a deadline, a closed connection), the write may
        not.
        """
        event = event_pb2.Event(live_video_id=live_video_id, event_id=event_id, kind=kind, data=data)
        outcome: asyncio.Future[T] = write.get_loop().create_future()

        # One callback for all that follows a write: each is a turn of its own to the loop, and every post has these.
        # Who waits is told first, so that nothing that fails here could keep them waiting.
        def written(write: asyncio.Future[T]) -> None:
            hand_on(outcome, write)
            self._order.advance(live_video_id)
            if comment is not None:
                self._on_write(comment)

        self._order.add(event, write)
        write.add_done_callback(written)
        return outcome

    def again(self, live_video_id: str, event_id: int, kind: Kind.ValueType, data: bytes) -> None:
        """Announces what is stored already."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        written.set_result(None)
        self.once_written(live_video_id, event_id, kind, data, written)

    async def drain(self) -> None:
        """Waits until what was taken in is stored, or refused, and handed to the publisher."""
        await self._order.drain()

    def _publish(self, event: event_pb2.Event) -> None:
        if event.kind == event_pb2.Event.KIND_COMMENT:
            self._metrics.stored.inc()
        self._publisher.publish(event)
