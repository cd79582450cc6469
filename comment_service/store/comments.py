"""Comments by video and id, their threads, and what was changed."""

from __future__ import annotations

import asyncio
from typing import Protocol

from comment_service.change import Change
from comment_service.comment import Comment


class CommentStore(Protocol):
    """Comments come as they now stand, with media, totals of reactions and how many replies; deleted ones never do."""

    def add(self, comment: Comment) -> asyncio.Future[None]:
        """Takes a comment in at once, in the order of the calls; the future is done once it is durable.

        The same comment again changes nothing. Ids are made once: a store need not notice that one is another's, and
        fails with ``StoreConflict`` where it does. Cancelling the future does not stop the write. A comment with a
        ``reply_to`` counts as a reply to that one. From the moment that it is there it uses its ``media``: there is
        never a comment whose images may go, nor a use without its comment.
        """

    async def get(self, live_video_id: str, comment_id: int) -> Comment | None:
        """The comment, or None where the video has none of that id (any more)."""

    async def before(self, live_video_id: str, cursor: int | None, limit: int) -> list[Comment]:
        """Up to ``limit`` comments with ids below ``cursor`` (None: the newest), newest first."""

    async def after(self, live_video_id: str, cursor: int, limit: int) -> list[Comment]:
        """Up to ``limit`` comments with ids above ``cursor``, oldest first."""

    async def replies(self, live_video_id: str, comment_id: int, cursor: int, limit: int) -> list[Comment]:
        """Up to ``limit`` comments of the thread that ``comment_id`` began, with ids above ``cursor``, oldest first."""

    async def edit(self, live_video_id: str, comment_id: int, content: str, edited_at_ms: int, change_id: int) -> bool:
        """Changes the content and notes the change; durable when it returns. False: there is no such comment.

        Of two edits the one with the greater ``edited_at_ms`` stands, whichever is written last; both are noted.
        """

    async def delete(self, live_video_id: str, comment_id: int, change_id: int) -> bool:
        """Deletes the comment and notes the change; durable when it returns. False: there is no such comment.

        Of several at once more than one may say True, and is noted. What was deleted stays deleted, also where the same
        comment is added again. With the comment goes its use of its ``media``; what nobody uses then is for
        ``MediaStore.condemn``.
        """

    async def changes(self, live_video_id: str, cursor: int, limit: int) -> list[Change]:
        """Up to ``limit`` edits, deletions and endings with change ids above ``cursor``, in the order of those ids.

        A store may forget changes that are more than a day old.
        """
