"""``CommentStore`` on Cassandra."""

from __future__ import annotations

import asyncio
from functools import partial

from cassandra.query import UNSET_VALUE

from comment_service.change import Change, ChangeKind
from comment_service.comment import Comment
from comment_service.store.cassandra.batches import OnBatch, OnEnd, PartitionBatches
from comment_service.store.cassandra.buckets import BucketIndex
from comment_service.store.cassandra.changes import ChangeLog
from comment_service.store.cassandra.comment_rows import (
    SELECT,
    changed_at_us,
    comment_of,
    size_of,
    written_at_us,
)
from comment_service.store.cassandra.database import CassandraDatabase
from comment_service.store.cassandra.media import CassandraMedia
from comment_service.store.cassandra.pages import CommentPages
from comment_service.store.cassandra.threads import Threads
from comment_service.store.cassandra.totals import CommentTotals
from comment_service.store.rows import MAX_ID, media_text
from coordination.ids import bucket_of_id

# `deleted` is not among the columns: only a deletion writes it, so nothing that comes later takes it back.
_INSERT = """
INSERT INTO comments (live_video_id, bucket, comment_id, author_id, author_name, content, reply_to, edited_at_ms, media)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?
"""
_GET = SELECT + "= ?"
_EDIT = """
UPDATE comments USING TIMESTAMP ? SET content = ?, edited_at_ms = ?
WHERE live_video_id = ? AND bucket = ? AND comment_id = ?
"""
_DELETE = """
UPDATE comments USING TIMESTAMP ? SET deleted = true, content = '', media = ''
WHERE live_video_id = ? AND bucket = ? AND comment_id = ?
"""


class CassandraComments:
    def __init__(
        self,
        database: CassandraDatabase,
        totals: CommentTotals,
        changes: ChangeLog,
        media: CassandraMedia,
        *,
        on_batch: OnBatch,
    ) -> None:
        self._database = database
        self._totals = totals
        self._changes = changes
        self._media = media
        self._batches = PartitionBatches(database, on_batch)
        self._buckets = BucketIndex(database)
        self._pages = CommentPages(database, self._buckets)
        self._threads = Threads(database, self._batches)
        self._insert = database.writing(_INSERT)
        self._get = database.reading(_GET)
        self._edit = database.writing(_EDIT)
        self._delete = database.writing(_DELETE)

    def add(self, comment: Comment) -> asyncio.Future[None]:
        self._database.admit(self._database.writes)
        outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        end = partial(self._end, outcome)
        noting = self._buckets.note(comment.live_video_id, bucket_of_id(comment.comment_id))
        if comment.media:
            noting = asyncio.ensure_future(self._use_media(comment, noting))
        if noting is None:
            self._write(comment, end)
        else:
            noting.add_done_callback(
                lambda done: end(error) if (error := done.exception()) else self._write(comment, end)
            )
        return outcome

    async def get(self, live_video_id: str, comment_id: int) -> Comment | None:
        found = await self._find(live_video_id, comment_id)
        return None if found is None else (await self._totals.added_to([found]))[0]

    async def before(self, live_video_id: str, cursor: int | None, limit: int) -> list[Comment]:
        return await self._totals.added_to(await self._pages.before(live_video_id, cursor, limit))

    async def after(self, live_video_id: str, cursor: int, limit: int) -> list[Comment]:
        return await self._totals.added_to(await self._pages.after(live_video_id, cursor, limit))

    async def replies(self, live_video_id: str, comment_id: int, cursor: int, limit: int) -> list[Comment]:
        if comment_id > MAX_ID:
            return []
        return await self._totals.added_to(await self._threads.page(live_video_id, comment_id, cursor, limit))

    async def edit(self, live_video_id: str, comment_id: int, content: str, edited_at_ms: int, change_id: int) -> bool:
        if await self._find(live_video_id, comment_id) is None:
            return False
        where = (live_video_id, bucket_of_id(comment_id), comment_id)
        at_us = changed_at_us(comment_id, change_id)
        await self._database.write_all(
            [
                self._edit(at_us, content, edited_at_ms, *where),
                self._changes.note(live_video_id, Change(change_id, ChangeKind.EDIT, comment_id)),
            ]
        )
        return True

    async def delete(self, live_video_id: str, comment_id: int, change_id: int) -> bool:
        found = await self._find(live_video_id, comment_id)
        if found is None:
            return False
        where = (live_video_id, bucket_of_id(comment_id), comment_id)
        at_us = changed_at_us(comment_id, change_id)
        writes = [
            self._delete(at_us, *where),
            self._changes.note(live_video_id, Change(change_id, ChangeKind.DELETE, comment_id)),
        ]
        if found.reply_to is not None:
            writes.append(self._threads.removal(found, at_us))
        writes += await self._media.releasing(found, change_id)
        await self._database.write_all(writes)
        return True

    async def changes(self, live_video_id: str, cursor: int, limit: int) -> list[Change]:
        return await self._changes.after(live_video_id, cursor, limit)

    async def _use_media(self, comment: Comment, noting: asyncio.Future[None] | None) -> None:
        if noting is not None:
            await noting
        await self._media.use(comment)

    async def _find(self, live_video_id: str, comment_id: int) -> Comment | None:
        if comment_id > MAX_ID:
            return None
        rows = await self._database.rows(self._get(live_video_id, bucket_of_id(comment_id), comment_id))
        return comment_of(rows[0]) if rows else None

    def _write(self, comment: Comment, end: OnEnd, error: BaseException | None = None) -> None:
        """``error``: of what has to be there before it."""
        if error is not None:
            end(error)
            return
        video, bucket, number = comment.live_video_id, bucket_of_id(comment.comment_id), comment.comment_id
        query = self._insert(
            video,
            bucket,
            number,
            comment.author_id,
            comment.author_name,
            comment.content,
            # Nothing, where a null would be a tombstone.
            UNSET_VALUE if comment.reply_to is None else comment.reply_to,
            UNSET_VALUE if comment.edited_at_ms is None else comment.edited_at_ms,
            media_text(comment.media) if comment.media else UNSET_VALUE,
            written_at_us(number),
        )
        if comment.reply_to is not None:
            end = _Both(end)
            self._threads.add(comment, end)
        self._batches.write((video, bucket), query, size_of(comment), end)

    def _end(self, outcome: asyncio.Future[None], error: BaseException | None) -> None:
        self._database.writes.release()
        if outcome.done():
            return
        if error is None:
            outcome.set_result(None)
        else:
            outcome.set_exception(error)


class _Both:
    """Ends once both of two writes have, with the failure of either."""

    def __init__(self, on_end: OnEnd) -> None:
        self._on_end = on_end
        self._left = 2
        self._error: BaseException | None = None

    def __call__(self, error: BaseException | None) -> None:
        self._left -= 1
        self._error = self._error or error
        if not self._left:
            self._on_end(self._error)
