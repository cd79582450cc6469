"""A comment as a row, and which of two writes of a cell is the later one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from comment_service.comment import Comment
from comment_service.store.rows import MAX_ID, media_of
from coordination.ids import bucket_of_id, id_time_ms

MAX_BUCKET = bucket_of_id(MAX_ID)
# To be ended with a condition on the id.
SELECT = """
SELECT comment_id, live_video_id, author_id, author_name, content, reply_to, edited_at_ms, media, deleted
FROM comments WHERE live_video_id = ? AND bucket = ? AND comment_id """
# About what a row takes in a batch besides its texts.
_ROW_BYTES = 130


def written_at_us(event_id: int) -> int:
    """The time of an event's cells, microseconds since 1970: as late as its id, so a repeated write is no later."""
    return id_time_ms(event_id) * 1000 + min(event_id & 0x7FF, 999)


def changed_at_us(comment_id: int, change_id: int) -> int:
    """The time of a change's cells: after the comment's own, however much its writer's clock was behind."""
    return max(written_at_us(change_id), written_at_us(comment_id) + 1)


def size_of(comment: Comment) -> int:
    """About the bytes that it takes in a batch."""
    texts = len(comment.content.encode()) + len(comment.author_name.encode()) + len(comment.author_id)
    return _ROW_BYTES + len(comment.live_video_id) + texts + 120 * len(comment.media)


def comment_of(row: Sequence[Any]) -> Comment | None:
    """The comment in a row of ``SELECT``; None where it is deleted (or was never written)."""
    comment_id, live_video_id, author_id, author_name, content, reply_to, edited_at_ms, media, deleted = row
    if deleted or author_id is None:
        return None
    images = media_of(media) if media else ()
    return Comment(comment_id, live_video_id, author_id, author_name, content, reply_to, edited_at_ms, images)


def by_bucket(comment_ids: Sequence[int]) -> dict[int, list[int]]:
    """The ids, by the buckets that they are in."""
    found: dict[int, list[int]] = {}
    for number in comment_ids:
        found.setdefault(bucket_of_id(number), []).append(number)
    return found
