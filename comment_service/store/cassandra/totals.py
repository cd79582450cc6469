"""What is counted of comments: reactions by kind, and replies. A page's are a range of each of its buckets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from comment_service.comment import Comment
from comment_service.store.cassandra.database import CassandraDatabase
from comment_service.store.cassandra.statements import Row, Statement
from comment_service.store.reactions import Totals
from coordination.ids import bucket_of_id

_REACTIONS = """
SELECT comment_id, kind, total FROM reaction_totals
WHERE live_video_id = ? AND bucket = ? AND comment_id >= ? AND comment_id <= ?
"""
_REPLIES = """
SELECT thread_id, count(comment_id) FROM replies
WHERE live_video_id = ? AND bucket = ? AND thread_id >= ? AND thread_id <= ? GROUP BY thread_id
"""
_MAX_PARALLEL = 32


class CommentTotals:
    def __init__(self, database: CassandraDatabase) -> None:
        self._database = database
        self._reactions = database.reading(_REACTIONS)
        self._replies = database.reading(_REPLIES)

    async def reactions(self, live_video_id: str, comment_ids: Sequence[int]) -> dict[int, Totals]:
        """Of those of the comments that have any."""
        wanted = set(comment_ids)
        found: dict[int, dict[str, int]] = {}
        for comment_id, kind, total in await self._ranges(self._reactions, live_video_id, comment_ids):
            if total > 0 and comment_id in wanted:
                found.setdefault(comment_id, {})[kind] = total
        return dict(found)

    async def added_to(self, comments: Sequence[Comment]) -> list[Comment]:
        """The same comments, all of one video, with their totals and counts."""
        if not comments:
            return []
        video = comments[0].live_video_id
        reactions, replies = await asyncio.gather(
            self.reactions(video, [comment.comment_id for comment in comments]),
            # A reply begins no thread.
            self._reply_counts(video, [comment.comment_id for comment in comments if comment.reply_to is None]),
        )
        return [_with(comment, reactions, replies) for comment in comments]

    async def _reply_counts(self, live_video_id: str, comment_ids: Sequence[int]) -> dict[int, int]:
        return dict(await self._ranges(self._replies, live_video_id, comment_ids))

    async def _ranges(self, statement: Statement, live_video_id: str, comment_ids: Iterable[int]) -> list[Row]:
        """The rows between the first and the last of the ids in each bucket."""
        ranges: dict[int, tuple[int, int]] = {}
        for number in comment_ids:
            low, high = ranges.get(bucket := bucket_of_id(number), (number, number))
            ranges[bucket] = (min(low, number), max(high, number))
        rows: list[Row] = []
        for part in _in_parts(list(ranges.items())):
            reads = (self._database.rows(statement(live_video_id, bucket, *edges)) for bucket, edges in part)
            for found in await asyncio.gather(*reads):
                rows += found
        return rows


def _in_parts(ranges: list[tuple[int, tuple[int, int]]]) -> Iterator[list[tuple[int, tuple[int, int]]]]:
    for start in range(0, len(ranges), _MAX_PARALLEL):
        yield ranges[start : start + _MAX_PARALLEL]


def _with(comment: Comment, reactions: dict[int, Totals], replies: dict[int, int]) -> Comment:
    number = comment.comment_id
    if number not in reactions and number not in replies:  # most are so
        return comment
    return replace(comment, reactions=reactions.get(number, {}), reply_count=replies.get(number, 0))
