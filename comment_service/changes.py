"""The use cases of what happens to a comment after it was posted: edit, delete, and what was changed since."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from comment_service.announcements import Announcements, Kind
from comment_service.audit import Audit, no_audit
from comment_service.change import Change, ChangeKind
from comment_service.comment import Comment
from comment_service.comments import RETELL_MS, Comments, Draft, PostCheck, Posted
from comment_service.content import clean_content
from comment_service.idempotency import Told
from comment_service.metrics import CommentServiceMetrics
from comment_service.refusal import Forbidden, NotFound, StoreBusy, StoreDown
from comment_service.roles import moderates
from comment_service.sender import Sender
from comment_service.store import Store
from comment_service.store_calls import StoreCalls
from coordination.ids import clock_ms, first_id_at_ms, id_time_ms
from livecomments.v1 import event_pb2

# Comments that are read at a time for a page of changes.
_READS = 16
# Changes of the last minute that are looked through for a deletion.
_LOOKED_THROUGH = 1_000


@dataclass(frozen=True, slots=True)
class Changed:
    """A change, and where it is an edit the comment as it now stands; None where that was deleted since."""

    change: Change
    comment: Comment | None = None


class Changes:
    """An author may edit for ``edit_window_s`` seconds and delete at any time; a moderator may do both at any time.

    It makes no difference whether the video has ended. ``checks`` are made in turn before an edit; ``after_delete``
    is called in turn for what was deleted. ``clock_ms`` gives milliseconds since 1970. Every method raises
    ``StoreDown`` and ``StoreBusy``.
    """

    def __init__(
        self,
        store: Store,
        comments: Comments,
        next_id: Callable[[], int],
        announcements: Announcements,
        metrics: CommentServiceMetrics,
        *,
        edit_window_s: float = 300.0,
        checks: Sequence[PostCheck] = (),
        after_delete: Sequence[Callable[[Comment], Awaitable[None]]] = (),
        audit: Audit = no_audit,
        clock_ms: Callable[[], int] = clock_ms,
    ) -> None:
        self._store = store
        self._comments = comments
        self._next_id = next_id
        self._announcements = announcements
        self._edit_window_ms = edit_window_s * 1000
        self._checks = checks
        self._after_delete = after_delete
        self._audit = audit
        self._clock_ms = clock_ms
        self._calls = StoreCalls(metrics)
        self._told = Told()

    async def edit(self, sender: Sender, live_video_id: str, comment_id: int, content: str) -> Posted:
        """The comment with its new content, once that is durable.

        Raises ``InvalidArgument`` (content), ``NotFound``, ``Forbidden``, and whatever its checks raise.
        """
        content = clean_content(content)
        comment = await self._comments.get(live_video_id, comment_id)
        for check in self._checks:
            await check(sender, Draft(live_video_id, content, comment.reply_to))
        await self._allow_edit(sender, comment)
        change_id = self._next_id()
        edited_at_ms = id_time_ms(change_id)
        edited = replace(comment, content=content, edited_at_ms=edited_at_ms)
        posted = Posted(edited, edited.to_json())
        write = self._store.comments.edit(live_video_id, comment_id, content, edited_at_ms, change_id)
        await self._announce(comment, change_id, event_pb2.Event.KIND_EDIT, posted.data, write)
        return posted

    async def delete(self, sender: Sender, live_video_id: str, comment_id: int) -> None:
        """The comment is gone, durably. Raises ``NotFound`` and ``Forbidden``."""
        try:
            comment = await self._comments.get(live_video_id, comment_id)
        except NotFound:
            await self._tell_deletion_again(live_video_id, comment_id)
            raise
        identity = sender.identity
        if identity.user_id != comment.author_id:
            if not moderates(identity):
                raise Forbidden("a comment is deleted by its author or a moderator")
            await self._audit(identity, "delete_comment", _subject(comment), {"authorId": comment.author_id})
        # Shielded: whoever asked may go (a deadline, a closed connection), what follows the deletion may not.
        await asyncio.shield(asyncio.ensure_future(self._delete(comment)))

    async def list(self, live_video_id: str, after: int, limit: int) -> tuple[list[Changed], bool]:
        """Up to ``limit`` changes with ids above ``after``, in their order; and whether there are more."""
        store = self._store.comments
        found = await self._calls.ask("changes", lambda: store.changes(live_video_id, after, limit + 1))
        changes = found[:limit]
        edited = sorted({change.comment_id for change in changes if change.kind is ChangeKind.EDIT})
        comments: dict[int, Comment | None] = {}
        for at in range(0, len(edited), _READS):
            ids = edited[at : at + _READS]
            reads = [self._calls.ask("get", lambda id=id: store.get(live_video_id, id)) for id in ids]  # type: ignore[misc]
            comments.update(zip(ids, await asyncio.gather(*reads), strict=True))
        return [Changed(change, comments.get(change.comment_id)) for change in changes], len(found) > limit

    async def _delete(self, comment: Comment) -> None:
        change_id = self._next_id()
        self._told.add(change_id)
        write = self._store.comments.delete(comment.live_video_id, comment.comment_id, change_id)
        try:
            await self._announce(comment, change_id, event_pb2.Event.KIND_DELETE, _deletion(comment.comment_id), write)
        except (StoreDown, StoreBusy):
            self._told.discard(change_id)
            raise
        for call in self._after_delete:
            await call(comment)

    async def _tell_deletion_again(self, live_video_id: str, comment_id: int) -> None:
        """Whoever has just deleted it may have died, or not have heard that it had, and so have told nobody."""
        after = first_id_at_ms(clock_ms() - RETELL_MS)
        store = self._store.comments
        changes = await self._calls.ask("changes", lambda: store.changes(live_video_id, after, _LOOKED_THROUGH))
        for change in changes:
            is_it = change.kind is ChangeKind.DELETE and change.comment_id == comment_id
            if is_it and self._told.add(change.change_id):
                kind, data = event_pb2.Event.KIND_DELETE, _deletion(comment_id)
                self._announcements.again(live_video_id, change.change_id, kind, data)

    async def _allow_edit(self, sender: Sender, comment: Comment) -> None:
        identity = sender.identity
        is_author = identity.user_id == comment.author_id
        if is_author and self._clock_ms() - comment.created_at_ms <= self._edit_window_ms:
            return
        if not moderates(identity):
            window_s = self._edit_window_ms / 1000
            raise Forbidden(f"a comment is edited by its author, for {window_s:g} s, or by a moderator")
        await self._audit(identity, "edit_comment", _subject(comment), {"authorId": comment.author_id})

    async def _announce(
        self, comment: Comment, change_id: int, kind: Kind.ValueType, data: bytes, write: Awaitable[bool]
    ) -> None:
        # Nothing is awaited between the id and this: events go out in the order of their ids.
        written = self._announcements.once_written(
            comment.live_video_id, change_id, kind, data, asyncio.ensure_future(write), comment=comment
        )
        if not await self._calls.ask("change", lambda: written):
            raise NotFound(f"there is no comment {comment.comment_id} in {comment.live_video_id}")


def _deletion(comment_id: int) -> bytes:
    return b'{"commentId":"%d"}' % comment_id


def _subject(comment: Comment) -> str:
    return f"{comment.live_video_id}/{comment.comment_id}"
