"""Which images are to be looked at again, by the hour: a sweep reads no image that nothing has happened to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

from comment_service.store.cassandra.database import CassandraDatabase
from comment_service.store.cassandra.statements import Bound

_NOTE_HOUR = "INSERT INTO media_hours (kind, hour) VALUES (?, ?)"
_HOURS = "SELECT hour FROM media_hours WHERE kind = ? AND hour <= ?"
_DROP_HOUR = "DELETE FROM media_hours WHERE kind = ? AND hour = ?"
_NOTE = "INSERT INTO media_to_check (kind, hour, media_id) VALUES (?, ?, ?)"
_IDS = "SELECT media_id FROM media_to_check WHERE kind = ? AND hour = ? LIMIT 1000"
_DROP = "DELETE FROM media_to_check WHERE kind = ? AND hour = ? AND media_id = ?"
_HOUR_MS = 3_600_000

Kind = Literal["unused", "condemned"]


@dataclass(frozen=True, slots=True)
class MediaCheck:
    """An image that may be ``kind`` since the ``hour``, counted from 1970."""

    kind: Kind
    hour: int
    media_id: str


def check_of(kind: Kind, at_ms: int, media_id: str) -> MediaCheck:
    """``at_ms``: milliseconds since 1970."""
    return MediaCheck(kind, at_ms // _HOUR_MS, media_id)


class MediaChecks:
    def __init__(self, database: CassandraDatabase) -> None:
        self._database = database
        self._note_hour = database.writing(_NOTE_HOUR)
        self._hours = database.reading(_HOURS)
        self._drop_hour = database.writing(_DROP_HOUR)
        self._note = database.writing(_NOTE)
        self._ids = database.reading(_IDS)
        self._drop = database.writing(_DROP)
        self._noted: dict[Kind, int] = {}

    async def noting(self, check: MediaCheck) -> Bound:
        """The write that notes it, to be made alone or with others."""
        if self._noted.get(check.kind) != check.hour:
            await self._database.write(self._note_hour(check.kind, check.hour))
            self._noted[check.kind] = check.hour
        return self._note(check.kind, check.hour, check.media_id)

    async def note(self, check: MediaCheck) -> None:
        await self._database.write(await self.noting(check))

    async def drop(self, check: MediaCheck) -> None:
        await self._database.write(self._drop(check.kind, check.hour, check.media_id))

    async def until(self, kind: Kind, at_ms: int) -> AsyncIterator[MediaCheck]:
        """Those of its hour and earlier, the earliest first. An hour that is over and has none is forgotten."""
        last = at_ms // _HOUR_MS
        for (hour,) in await self._database.rows(self._hours(kind, last)):
            rows = await self._database.rows(self._ids(kind, hour))
            if not rows and hour < last:
                await self._database.write(self._drop_hour(kind, hour))
            for (media_id,) in rows:
                yield MediaCheck(kind, hour, media_id)
