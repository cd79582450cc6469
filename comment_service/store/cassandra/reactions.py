"""``ReactionStore`` on Cassandra."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from comment_service.store.cassandra.comment_rows import by_bucket
from comment_service.store.cassandra.database import CassandraDatabase
from comment_service.store.cassandra.faults import CassandraFault
from comment_service.store.cassandra.statements import SERIAL_HERE
from comment_service.store.cassandra.totals import CommentTotals
from comment_service.store.errors import StoreError
from comment_service.store.reactions import Totals
from comment_service.store.rows import MAX_ID
from coordination.ids import bucket_of_id

_KIND = "SELECT kind FROM reactions WHERE live_video_id = ? AND comment_id = ? AND user_id = ?"
_FIRST = "INSERT INTO reactions (live_video_id, comment_id, user_id, kind) VALUES (?, ?, ?, ?) IF NOT EXISTS"
_CHANGE = "UPDATE reactions SET kind = ? WHERE live_video_id = ? AND comment_id = ? AND user_id = ? IF kind = ?"
_COUNT = """
UPDATE reaction_totals SET total = total + ? WHERE live_video_id = ? AND bucket = ? AND comment_id = ? AND kind = ?
"""
_COUNT_FOR_VIDEO = "UPDATE video_reaction_totals SET total = total + ? WHERE live_video_id = ? AND kind = ?"
_OF_VIDEO = "SELECT kind, total FROM video_reaction_totals WHERE live_video_id = ?"
_FLAGS = "SELECT comment_id, deleted FROM comments WHERE live_video_id = ? AND bucket = ? AND comment_id IN ?"
_NONE = ""
# One user would have to change the same reaction as often at the same moment.
_ATTEMPTS = 10


class CassandraReactions:
    """Each step from one reaction to another is a transaction, and moves the totals once: they are exact."""

    def __init__(self, database: CassandraDatabase, totals: CommentTotals) -> None:
        self._database = database
        self._totals = totals
        self._kind = database.reading(_KIND, serial=SERIAL_HERE)
        self._first = database.transaction(_FIRST)
        self._change = database.transaction(_CHANGE)
        self._count = database.writing(_COUNT, idempotent=False)
        self._count_for_video = database.writing(_COUNT_FOR_VIDEO, idempotent=False)
        self._of_video = database.reading(_OF_VIDEO)
        self._flags = database.reading(_FLAGS)

    async def react(self, live_video_id: str, comment_id: int, user_id: str, kind: str) -> bool:
        if comment_id > MAX_ID:
            return False
        where = (live_video_id, comment_id, user_id)
        before: str | None = None  # most react for the first time, so a reaction is tried as that
        for _ in range(_ATTEMPTS):
            if before == kind:
                return False
            query = self._first(*where, kind) if before is None else self._change(kind, *where, before)
            there = await self._database.transact(query)
            if there is None:
                await self._move_total(live_video_id, comment_id, before or _NONE, kind)
                return True
            before = there.get("kind")
        message = f"the reaction of {user_id} was changed by others {_ATTEMPTS} times"
        raise self._database.gave_up(CassandraFault.CONTENTION, message)

    async def unreact(self, live_video_id: str, comment_id: int, user_id: str, kind: str) -> bool:
        if comment_id > MAX_ID:
            return False
        where = (live_video_id, comment_id, user_id)
        if await self._current(where) != kind:
            return False
        if await self._database.transact(self._change(_NONE, *where, kind)) is not None:
            return False  # it has become another since
        await self._move_total(live_video_id, comment_id, kind, _NONE)
        return True

    async def totals(self, live_video_id: str, comment_ids: Sequence[int]) -> dict[int, Totals]:
        possible = [number for number in comment_ids if number <= MAX_ID]
        found = await self._totals.reactions(live_video_id, possible)
        deleted = await self._deleted(live_video_id, list(found))
        return {number: totals for number, totals in found.items() if number not in deleted}

    async def count_for_video(self, live_video_id: str, added: Totals) -> Totals:
        if not added:
            return await self.of_video(live_video_id)
        queries = [self._count_for_video(number, live_video_id, kind) for kind, number in added.items()]
        await self._database.count(queries)
        try:
            return await self.of_video(live_video_id)
        except StoreError:  # would be taken for theirs, and they would be counted once more
            return added

    async def of_video(self, live_video_id: str) -> Totals:
        rows = await self._database.rows(self._of_video(live_video_id))
        return {kind: total for kind, total in rows if total}

    async def _deleted(self, live_video_id: str, comment_ids: Sequence[int]) -> set[int]:
        reads = [
            self._database.rows(self._flags(live_video_id, bucket, numbers))
            for bucket, numbers in by_bucket(comment_ids).items()
        ]
        return {number for rows in await asyncio.gather(*reads) for number, deleted in rows if deleted}

    async def _current(self, where: tuple[str, int, str]) -> str | None:
        rows = await self._database.rows(self._kind(*where))
        return rows[0][0] if rows else None

    async def _move_total(self, live_video_id: str, comment_id: int, before: str, after: str) -> None:
        where = (live_video_id, bucket_of_id(comment_id), comment_id)
        moves = [(kind, by) for kind, by in ((before, -1), (after, +1)) if kind != _NONE]
        await self._database.count([self._count(by, *where, kind) for kind, by in moves])
