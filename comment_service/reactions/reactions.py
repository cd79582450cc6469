"""The use cases of reactions: to a comment, one a user; to a video, as many as one likes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol

from comment_service.comment import Comment, OnWrite, nobody
from comment_service.metrics import CommentServiceMetrics
from comment_service.reactions.announcements import ReactionAnnouncements
from comment_service.refusal import InvalidArgument, NotFound, StoreBusy, StoreDown
from comment_service.sender import Sender
from comment_service.store import Store
from comment_service.store_calls import StoreCalls

KINDS = ("like", "love", "haha", "wow", "sad", "angry")
MAX_COUNT = 10_000


class ReactionCheck(Protocol):
    """Something that may speak against a reaction."""

    async def __call__(self, sender: Sender, live_video_id: str) -> None:
        """Raises a ``Refusal``."""


class Reactions:
    """Every method raises a ``Refusal`` where it cannot do what is asked, and all may be called again to no effect
    but ``react_to_video``. ``checks`` are made in turn before a reaction, not before one is taken back;
    ``on_write`` hears of each comment that was reacted to.

    The end of a video ends no reactions: its history stays readable, and what people think of it is part of that.
    """

    def __init__(
        self,
        store: Store,
        announcements: ReactionAnnouncements,
        metrics: CommentServiceMetrics,
        *,
        checks: Sequence[ReactionCheck] = (),
        on_write: OnWrite = nobody,
    ) -> None:
        self._store = store
        self._announcements = announcements
        self._metrics = metrics.reactions
        self._checks = checks
        self._on_write = on_write
        self._calls = StoreCalls(metrics)
        self._writes: set[asyncio.Task[None]] = set()

    async def react(self, sender: Sender, live_video_id: str, comment_id: int, kind: str) -> None:
        """Makes ``kind`` the sender's reaction to the comment, in place of another; returns once it is durable.

        Raises ``InvalidArgument`` (kind), ``NotFound``, ``StoreDown``, ``StoreBusy``, and what its checks raise.
        """
        _check_kind(kind)
        await self._check(sender, live_video_id)
        user_id, reactions = sender.identity.user_id, self._store.reactions
        await self._change(live_video_id, comment_id, lambda: reactions.react(live_video_id, comment_id, user_id, kind))

    async def unreact(self, sender: Sender, live_video_id: str, comment_id: int, kind: str) -> None:
        """Takes the sender's reaction back; where it is another than ``kind``, or none, that stays.

        Raises as ``react``, but for the checks.
        """
        _check_kind(kind)
        user_id, reactions = sender.identity.user_id, self._store.reactions
        await self._change(
            live_video_id, comment_id, lambda: reactions.unreact(live_video_id, comment_id, user_id, kind)
        )

    async def react_to_video(self, sender: Sender, live_video_id: str, kind: str, count: int = 1) -> None:
        """Counts ``count`` reactions to the video itself, 1 to ``MAX_COUNT``. They reach the store a moment later.

        Raises ``InvalidArgument`` (kind, count), ``StoreBusy``, and what its checks raise; one that cannot ask the
        store speaks against nothing.
        """
        _check_kind(kind)
        if not 1 <= count <= MAX_COUNT:
            raise InvalidArgument("count", f"is not 1 to {MAX_COUNT}")
        try:
            await self._check(sender, live_video_id)
        except (StoreBusy, StoreDown):
            pass  # better a banned user's than nobody's: these are numbers, and wait for the store in any case
        self._announcements.count(live_video_id, kind, count)
        self._metrics.accepted.labels("video").inc(count)

    async def of_video(self, live_video_id: str) -> dict[str, int]:
        """The video's own totals, as far as they have reached the store."""
        reactions = self._store.reactions
        return dict(await self._calls.ask("reaction_totals", lambda: reactions.of_video(live_video_id)))

    async def drain(self) -> None:
        """Waits until what was taken in is stored, or refused, and told; a few seconds at most for the telling."""
        if self._writes:
            await asyncio.wait(self._writes)
        await self._announcements.drain()

    async def _check(self, sender: Sender, live_video_id: str) -> None:
        for check in self._checks:
            await check(sender, live_video_id)

    async def _change(self, live_video_id: str, comment_id: int, change: Callable[[], Awaitable[bool]]) -> None:
        comments = self._store.comments
        comment = await self._calls.ask("get", lambda: comments.get(live_video_id, comment_id))
        if comment is None:
            raise NotFound(f"there is no comment {comment_id} in {live_video_id}")
        await self._finish(self._store_change(comment, change))

    async def _store_change(self, comment: Comment, change: Callable[[], Awaitable[bool]]) -> None:
        try:
            changed = await self._calls.ask("react", change)
        finally:
            self._on_write(comment)
        if changed:
            self._metrics.accepted.labels("comment").inc()
            self._announcements.comment_changed(comment.live_video_id, comment.comment_id)

    async def _finish(self, write: Coroutine[Any, Any, None]) -> None:
        """Shielded: whoever reacted may go (a deadline, a closed connection), the write may not."""
        task = asyncio.ensure_future(write)
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)
        await asyncio.shield(task)


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise InvalidArgument("kind", f"is none of {', '.join(KINDS)}")
