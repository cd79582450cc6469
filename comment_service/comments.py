"""The use cases: post a comment, get one, list a video's. Knows no HTTP, no gRPC and no SQL."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from comment_service.comment import Comment
from comment_service.content import clean_content
from comment_service.identity import Identity
from comment_service.metrics import CommentServiceMetrics
from comment_service.page import Page, PageRequest, page_of
from comment_service.publishing.order import PublishOrder
from comment_service.refusal import InvalidArgument, NotFound, StoreBusy, StoreDown
from comment_service.store import Store, StoreOverloaded, StoreUnavailable
from livecomments.v1 import event_pb2

T = TypeVar("T")


class EventPublisher(Protocol):
    """Hands events to the dispatchers."""

    def publish(self, event: event_pb2.Event) -> None:
        """Queues ``event``; never blocks and never fails, also where no dispatcher can be reached."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What someone wants to say in a video. ``reply_to``: the id of the comment it answers."""

    live_video_id: str
    content: str
    reply_to: int | None = None
    media: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Posted:
    """A comment that is stored, and its JSON, which is encoded once for the answer and all viewers."""

    comment: Comment
    data: bytes


class Comments:
    """Every method raises a ``Refusal`` where it cannot do what is asked."""

    def __init__(
        self, store: Store, next_id: Callable[[], int], publisher: EventPublisher, metrics: CommentServiceMetrics
    ) -> None:
        self._store = store
        self._next_id = next_id
        self._metrics = metrics
        self._publisher = publisher
        self._order = PublishOrder(self._announce)

    async def post(self, author: Identity, draft: Draft) -> Posted:
        """Stores a comment and announces it; returns once it is durable, whether or not a dispatcher is there.

        Raises ``InvalidArgument`` (content, media), ``NotFound`` (reply_to), ``StoreDown`` and ``StoreBusy``.
        """
        content = clean_content(draft.content)
        if draft.media:
            raise InvalidArgument("media", "has to be empty: comments cannot carry images yet")
        thread = None if draft.reply_to is None else await self._thread_of(draft.live_video_id, draft.reply_to)
        began = time.perf_counter()
        posted, write = self._begin(author, draft.live_video_id, content, thread)
        # Shielded: whoever posted may go (a deadline, a closed connection), the write may not.
        await self._store_answer("post", asyncio.shield(write), began)
        return posted

    async def get(self, live_video_id: str, comment_id: int) -> Comment:
        """Raises ``NotFound``."""
        found = await self._store_answer("get", self._store.get(live_video_id, comment_id), time.perf_counter())
        if found is None:
            raise NotFound(f"there is no comment {comment_id} in {live_video_id}")
        return found

    async def list(self, live_video_id: str, request: PageRequest) -> Page:
        """A page of the video's history; empty where nobody has commented."""
        limit = request.size + 1  # the one too many tells whether there is more
        if request.cursor is None or request.direction == "before":
            reading = self._store.before(live_video_id, request.cursor, limit)
        else:
            reading = self._store.after(live_video_id, request.cursor, limit)
        return page_of(await self._store_answer("page", reading, time.perf_counter()), request)

    async def drain(self) -> None:
        """Waits until what was taken in is stored, or refused, and handed to the publisher."""
        await self._order.drain()

    @property
    def unpublished(self) -> int:
        """Comments taken in that wait for their write, or for one before theirs."""
        return len(self._order)

    def _announce(self, event: event_pb2.Event) -> None:
        self._metrics.stored.inc()
        self._publisher.publish(event)

    def _begin(
        self, author: Identity, live_video_id: str, content: str, thread: int | None
    ) -> tuple[Posted, asyncio.Future[None]]:
        # Nothing is awaited between the id and the store's queue, so ids enter the store, and the live stream, rising.
        comment = Comment(
            comment_id=self._next_id(),
            live_video_id=live_video_id,
            author_id=author.user_id,
            author_name=author.name,
            content=content,
            reply_to=thread,
        )
        try:
            write = self._store.add(comment)
        except StoreOverloaded as error:
            raise StoreBusy("too many comments are being stored; try again in a moment") from error
        except StoreUnavailable as error:
            raise StoreDown(_STORE_DOWN) from error
        posted = Posted(comment, comment.to_json())
        event = event_pb2.Event(
            live_video_id=live_video_id,
            event_id=comment.comment_id,
            kind=event_pb2.Event.KIND_COMMENT,
            data=posted.data,
        )
        self._order.add(event, write)
        self._metrics.accepted.inc()
        return posted, write

    async def _thread_of(self, live_video_id: str, comment_id: int) -> int:
        try:
            parent = await self.get(live_video_id, comment_id)
        except NotFound:
            raise NotFound(f"{comment_id} is no comment in {live_video_id}", field="reply_to") from None
        return parent.comment_id if parent.reply_to is None else parent.reply_to

    async def _store_answer(self, operation: str, answer: Awaitable[T], began: float) -> T:
        try:
            return await answer
        except StoreOverloaded as error:
            raise StoreBusy("too many requests are waiting for the store; try again in a moment") from error
        except StoreUnavailable as error:
            raise StoreDown(_STORE_DOWN) from error
        finally:
            self._metrics.store_s.labels(operation).observe(time.perf_counter() - began)


_STORE_DOWN = "the store cannot be reached at the moment; nothing was stored"
