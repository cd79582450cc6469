"""The use cases: post a comment, get one, list a video's. Knows no HTTP, no gRPC and no SQL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from comment_service.announcements import Announcements
from comment_service.comment import Comment, Media
from comment_service.content import clean_content
from comment_service.metrics import CommentServiceMetrics
from comment_service.page import Page, PageRequest, page_of
from comment_service.refusal import InvalidArgument, NotFound
from comment_service.sender import Sender
from comment_service.store import Store
from comment_service.store_calls import StoreCalls
from livecomments.v1 import event_pb2


@dataclass(frozen=True, slots=True)
class Draft:
    """What someone wants to say in a video. ``reply_to``: the id of the comment it answers.

    ``media``: ids of images. ``idempotency_key``: the same draft with the same key again makes the same comment.
    """

    live_video_id: str
    content: str
    reply_to: int | None = None
    media: Sequence[str] = ()
    idempotency_key: str | None = None


class PostCheck(Protocol):
    """Something that may speak against a post."""

    async def __call__(self, sender: Sender, draft: Draft) -> None:
        """``draft.content`` is clean. Raises a ``Refusal``."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A comment that is stored, and its JSON, which is encoded once for the answer and all viewers."""

    comment: Comment
    data: bytes


class Comments:
    """Every method raises a ``Refusal`` where it cannot do what is asked. ``checks`` are made in turn before a post."""

    def __init__(
        self,
        store: Store,
        next_id: Callable[[], int],
        announcements: Announcements,
        metrics: CommentServiceMetrics,
        *,
        checks: Sequence[PostCheck] = (),
    ) -> None:
        self._store = store
        self._next_id = next_id
        self._announcements = announcements
        self._metrics = metrics
        self._checks = checks
        self._calls = StoreCalls(metrics)

    async def post(self, sender: Sender, draft: Draft) -> Posted:
        """Stores a comment and announces it; returns once it is durable, whether or not a dispatcher is there.

        Raises ``InvalidArgument`` (content, media), ``NotFound`` (reply_to), ``StoreDown``, ``StoreBusy``, and
        whatever its checks raise.
        """
        content = clean_content(draft.content)
        for check in self._checks:
            await check(sender, draft)
        if draft.media:
            raise InvalidArgument("media", "has to be empty: comments cannot carry images yet")
        thread = None if draft.reply_to is None else await self._thread_of(draft.live_video_id, draft.reply_to)
        # Shielded: whoever posted may go (a deadline, a closed connection), the write may not.
        return await asyncio.shield(asyncio.ensure_future(self._store_new(sender, draft, content, thread, ())))

    async def get(self, live_video_id: str, comment_id: int) -> Comment:
        """Raises ``NotFound``."""
        found = await self._calls.ask("get", lambda: self._store.comments.get(live_video_id, comment_id))
        if found is None:
            raise NotFound(f"there is no comment {comment_id} in {live_video_id}")
        return found

    async def list(self, live_video_id: str, request: PageRequest) -> Page:
        """A page of the video's history; empty where nobody has commented."""
        comments, cursor = self._store.comments, request.cursor
        limit = request.size + 1  # the one too many tells whether there is more
        if cursor is None or request.direction == "before":
            found = await self._calls.ask("page", lambda: comments.before(live_video_id, cursor, limit))
        else:
            found = await self._calls.ask("page", lambda: comments.after(live_video_id, cursor, limit))
        return page_of(found, request)

    async def _store_new(
        self, sender: Sender, draft: Draft, content: str, thread: int | None, media: tuple[Media, ...]
    ) -> Posted:
        # Nothing is awaited between the id and the store's queue, so ids enter the store, and the live stream, rising.
        author = sender.identity
        comment = Comment(
            comment_id=self._next_id(),
            live_video_id=draft.live_video_id,
            author_id=author.user_id,
            author_name=author.name,
            content=content,
            reply_to=thread,
            media=media,
        )
        posted = Posted(comment, comment.to_json())
        await self._calls.ask("post", lambda: self._write(posted))
        return posted

    def _write(self, posted: Posted) -> asyncio.Future[None]:
        comment = posted.comment
        write = self._store.comments.add(comment)
        self._announcements.once_written(
            comment.live_video_id, comment.comment_id, event_pb2.Event.KIND_COMMENT, posted.data, write
        )
        self._metrics.accepted.inc()
        return write

    async def _thread_of(self, live_video_id: str, comment_id: int) -> int:
        try:
            parent = await self.get(live_video_id, comment_id)
        except NotFound:
            raise NotFound(f"{comment_id} is no comment in {live_video_id}", field="reply_to") from None
        return parent.comment_id if parent.reply_to is None else parent.reply_to
