"""The use cases: post a comment, get one, list a video's and a thread's. Knows no HTTP, no gRPC and no SQL."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Protocol, TypeVar

from comment_service.announcements import Announcements
from comment_service.comment import Comment, Media
from comment_service.content import clean_content
from comment_service.idempotency import Told, UnderWay, check_key, digest_of, require_same
from comment_service.media.library import MediaLibrary
from comment_service.metrics import CommentServiceMetrics
from comment_service.page import Direction, Page, PageRequest, Sort, page_of
from comment_service.refusal import InvalidArgument, NotFound, Refusal
from comment_service.sender import Sender
from comment_service.store import Store, StoreError
from comment_service.store.requests import RequestClaim
from comment_service.store_calls import StoreCalls
from coordination.ids import clock_ms
from livecomments.v1 import event_pb2

# A comment with an idempotency key that is older is not announced by an attempt that finds it stored.
RETELL_MS = 60_000
T = TypeVar("T")


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

    @property
    def stands_alone(self) -> bool:
        """It names nothing that the store has to be asked for."""
        return self.reply_to is None and not self.media and self.idempotency_key is None


Undo = Callable[[], None]


class PostCheck(Protocol):
    """Something that may speak against a post."""

    async def __call__(self, sender: Sender, draft: Draft) -> Undo | None:
        """``draft.content`` is clean. Raises a ``Refusal``.

        Returns what takes back what was noted, to be called where the post is refused after all.
        """


@dataclass(frozen=True, slots=True)
class Posted:
    """A comment that is stored, and its JSON, which is encoded once for the answer and all viewers."""

    comment: Comment
    data: bytes


@dataclass(frozen=True, slots=True)
class _Named:
    """What a draft names, as it is known: the thread it belongs to, and its images."""

    thread: int | None
    media: tuple[Media, ...] = ()


class _Noted:
    """What the checks of a post have noted. What is refused within has not been for them either."""

    __slots__ = ("undos",)

    def __init__(self) -> None:
        self.undos: list[Undo] = []

    def __enter__(self) -> _Noted:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Refusal):
            for undo in reversed(self.undos):
                undo()


@dataclass(frozen=True, slots=True)
class Begun:
    """A post that has passed its checks and is being written since ``began_s`` (of ``time.perf_counter``)."""

    posted: Posted
    write: asyncio.Future[None]
    noted: _Noted
    began_s: float


class Comments:
    """Every method raises a ``Refusal`` where it cannot do what is asked. ``checks`` are made in turn before a post.

    ``media`` None: comments carry no images.
    """

    def __init__(
        self,
        store: Store,
        next_id: Callable[[], int],
        announcements: Announcements,
        metrics: CommentServiceMetrics,
        *,
        media: MediaLibrary | None = None,
        checks: Sequence[PostCheck] = (),
    ) -> None:
        self._store = store
        self._next_id = next_id
        self._announcements = announcements
        self._media = media
        self._metrics = metrics
        self._checks = checks
        self._calls = StoreCalls(metrics)
        self._under_way: UnderWay[Posted] = UnderWay()
        self._told = Told()

    @property
    def under_way(self) -> int:
        """Posts with an idempotency key that are being made."""
        return len(self._under_way)

    async def post(self, sender: Sender, draft: Draft) -> Posted:
        """Stores a comment and announces it; returns once it is durable, whether or not a dispatcher is there.

        With an idempotency key what was posted under it before is returned, as it now stands.

        Raises ``InvalidArgument`` (content, media, idempotency_key), ``NotFound`` (reply_to), ``KeyReused``,
        ``StoreDown``, ``StoreBusy``, and whatever its checks raise.
        """
        if draft.stands_alone:
            return await self.end(await self.begin(sender, draft))
        draft = _clean(draft)
        if draft.idempotency_key is None:
            with _Noted() as noted:
                thread = await self._check(sender, draft, noted)
                # Shielded: whoever posted may go (a deadline, a closed connection), the write may not.
                return await asyncio.shield(asyncio.ensure_future(self._store_new(sender, draft, thread)))
        key = check_key(draft.idempotency_key)
        digest = digest_of(draft.live_video_id, draft.content, draft.reply_to, list(draft.media))
        return await self._under_way.run(
            sender.identity.user_id, key, digest, lambda: self._post_once(sender, draft, key, digest)
        )

    async def begin(self, sender: Sender, draft: Draft) -> Begun:
        """The first part of a post that stands alone, for who has many: what it takes before it is with the store.

        Raises what ``post`` raises. What has begun is stored and announced, also if nobody waits for its end.
        """
        draft = _clean(draft)
        with _Noted() as noted:
            await self._check(sender, draft, noted)
            began_s = time.perf_counter()
            # Nothing is awaited between the id and the store's queue, so ids enter the store, and the live stream,
            # rising.
            posted = self._made(self._next_id(), sender, draft, _Named(None))
            return Begun(posted, self._write(posted), noted, began_s)

    async def end(self, begun: Begun) -> Posted:
        """The second part: returns once it is durable. Raises ``StoreDown`` and ``StoreBusy``."""
        with begun.noted:
            await self._calls.ask("post", lambda: begun.write, began_s=begun.began_s)
        return begun.posted

    async def get(self, live_video_id: str, comment_id: int) -> Comment:
        """Raises ``NotFound``."""
        found = await self._find(live_video_id, comment_id)
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

    async def replies(self, live_video_id: str, comment_id: int, cursor: int | None, size: int) -> Page:
        """A page of the thread that the comment began, oldest first. Raises ``NotFound``.

        The replies to a comment that was deleted can still be read.
        """
        request = PageRequest(cursor or 0, Direction.AFTER, size, Sort.ASC)
        comments, after = self._store.comments, cursor or 0
        found = await self._calls.ask("replies", lambda: comments.replies(live_video_id, comment_id, after, size + 1))
        if not found:
            await self.get(live_video_id, comment_id)
        return page_of(found, request)

    async def _check(self, sender: Sender, draft: Draft, noted: _Noted) -> int | None:
        """The thread that the post belongs to."""
        for check in self._checks:
            if (undo := await check(sender, draft)) is not None:
                noted.undos.append(undo)
        if draft.media and self._media is None:
            raise InvalidArgument("media", "has to be empty: images are not taken here")
        return None if draft.reply_to is None else await self._thread_of(draft.live_video_id, draft.reply_to)

    @asynccontextmanager
    async def _named(self, draft: Draft, thread: int | None) -> AsyncIterator[_Named]:
        """What the draft names; its images cannot go while the comment is stored within this."""
        if self._media is None or not draft.media:
            yield _Named(thread)
            return
        async with self._media.held(draft.media) as media:
            yield _Named(thread, media)

    async def _store_new(self, sender: Sender, draft: Draft, thread: int | None) -> Posted:
        async with self._named(draft, thread) as named:
            posted = self._made(self._next_id(), sender, draft, named)
            await self._calls.ask("post", lambda: self._write(posted))
            return posted

    async def _post_once(self, sender: Sender, draft: Draft, key: str, digest: bytes) -> Posted:
        user_id, requests = sender.identity.user_id, self._store.requests
        standing = await self._calls.ask("find_request", lambda: requests.find(user_id, key))
        if standing is not None:
            require_same(standing.digest, digest)
            found = await self._find(draft.live_video_id, standing.comment_id)
            if found is not None:
                return self._made_before(found)
        # From here on it is a post like any other: whoever claimed the key did not live to store the comment.
        with _Noted() as noted:
            thread = await self._check(sender, draft, noted)
            async with self._named(draft, thread) as named:
                if standing is None:
                    made = await self._claim_and_store(sender, draft, named, key, digest)
                    if isinstance(made, Posted):
                        return made
                    standing = made
                return await self._store_claimed(self._made(standing.comment_id, sender, draft, named))

    async def _claim_and_store(
        self, sender: Sender, draft: Draft, named: _Named, key: str, digest: bytes
    ) -> Posted | RequestClaim:
        """The comment, or the claim of somebody who was faster."""
        posted = self._made(self._next_id(), sender, draft, named)
        comment = posted.comment
        claim = RequestClaim(digest, comment.comment_id)
        # Its place among the video's events is that of its id, however long the claim takes.
        stored: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._announce(posted, stored)
        try:
            standing = await self._calls.ask(
                "claim", lambda: self._store.requests.claim(sender.identity.user_id, key, claim)
            )
            require_same(standing.digest, digest)
            if standing != claim:
                return standing
            await self._calls.ask("post", lambda: self._store.comments.add(comment))
            stored.set_result(True)
            self._told.add(comment.comment_id)
            return posted
        finally:
            if not stored.done():
                stored.set_result(False)

    async def _store_claimed(self, posted: Posted) -> Posted:
        """Stores it under the id that was claimed for it, unless it has been there: then it stays as it is."""
        comment = posted.comment
        await self._calls.ask("post", lambda: self._store.comments.add(comment))
        now = await self._find(comment.live_video_id, comment.comment_id)
        return posted if now is None else self._tell(now)  # None: deleted meanwhile, and not announced again

    def _made_before(self, comment: Comment) -> Posted:
        """An earlier attempt stored it. That may have died, or not been told that it had stored it, and so have
        announced nothing; receivers drop a repeat by its id, if it is not too old."""
        if clock_ms() - comment.created_at_ms <= RETELL_MS:
            return self._tell(comment)
        return Posted(comment, comment.to_json())

    def _tell(self, comment: Comment) -> Posted:
        posted = Posted(comment, comment.to_json())
        if self._told.add(comment.comment_id):
            self._announcements.again(
                comment.live_video_id, comment.comment_id, event_pb2.Event.KIND_COMMENT, posted.data
            )
        return posted

    def _made(self, comment_id: int, sender: Sender, draft: Draft, named: _Named) -> Posted:
        author = sender.identity
        comment = Comment(
            comment_id=comment_id,
            live_video_id=draft.live_video_id,
            author_id=author.user_id,
            author_name=author.name,
            content=draft.content,
            reply_to=named.thread,
            media=named.media,
        )
        return Posted(comment, comment.to_json())

    def _write(self, posted: Posted) -> asyncio.Future[None]:
        try:
            write = self._store.comments.add(posted.comment)
        except StoreError as error:
            refused: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            refused.set_exception(error)
            return refused
        return self._announce(posted, write)

    def _announce(self, posted: Posted, write: asyncio.Future[T]) -> asyncio.Future[T]:
        self._metrics.accepted.inc()
        comment, kind = posted.comment, event_pb2.Event.KIND_COMMENT
        return self._announcements.once_written(
            comment.live_video_id, comment.comment_id, kind, posted.data, write, comment=comment
        )

    async def _find(self, live_video_id: str, comment_id: int) -> Comment | None:
        return await self._calls.ask("get", lambda: self._store.comments.get(live_video_id, comment_id))

    async def _thread_of(self, live_video_id: str, comment_id: int) -> int:
        try:
            parent = await self.get(live_video_id, comment_id)
        except NotFound:
            raise NotFound(f"{comment_id} is no comment in {live_video_id}", field="reply_to") from None
        return parent.comment_id if parent.reply_to is None else parent.reply_to


def _clean(draft: Draft) -> Draft:
    """Raises ``InvalidArgument`` (content)."""
    content = clean_content(draft.content)
    return draft if content == draft.content else replace(draft, content=content)
