"""What happened to comments after they were said: as it comes, and what of it has to be remembered. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from rms import frames
from rms.reasons import DropReason

MAX_DELETED = 4096
"""Deletions that a channel remembers; a set of ids."""
MAX_EDITED = 1000
MAX_EDITED_BYTES = 256 * 1024
"""Edits that a channel remembers, a comment's latest, and their bytes."""


@dataclass(frozen=True, slots=True)
class Change:
    """An edit or a deletion. ``kind``: ``frames.EDIT`` or ``frames.DELETE``; ``data``: the event's JSON."""

    change_id: int
    kind: str
    comment_id: int
    data: bytes

    def frame(self) -> frames.Frame:
        """As viewers get it."""
        return frames.encode(self.kind, self.data, self.change_id)

    def comment_frame(self) -> frames.Frame | None:
        """The comment as viewers get it from then on; None where it was deleted."""
        return None if self.kind == frames.DELETE else frames.encode(frames.COMMENT, self.data, self.comment_id)


@dataclass(frozen=True, slots=True)
class Changes:
    """What a read of the store brought beside comments: all edits and deletions with ids above ``after``.

    ``ended``: the id of the video's end, 0 where it has ended and the id is not known, None where it goes on.
    """

    changes: Sequence[Change] = ()
    after: int = 0
    ended: int | None = None

    @property
    def newest_id(self) -> int:
        """What was changed after this was not read; where nothing was changed, ``after``."""
        return self.changes[-1].change_id if self.changes else self.after

    def followed_by(self, later: Changes) -> Changes:
        """With those of a read that began where this one ended."""
        return Changes([*self.changes, *later.changes], self.after, later.ended if self.ended is None else self.ended)


NO_CHANGES = Changes()


def change_of(change_id: int, kind: str, data: bytes) -> Change | None:
    """The change that an event tells of; None where ``data`` names no comment."""
    try:
        return Change(change_id, kind, int(json.loads(data)["commentId"]), data)
    except (ValueError, KeyError, TypeError):
        return None


class KnownChanges:
    """What became of a channel's comments, whichever comes first, the comment or its change.

    Bounded: a deletion that is forgotten raises a floor, and what comes late with an id up to it is refused as too
    old, like anything that cannot be told from a repeat. An edit that is forgotten is what the store has, and only
    an event of the comment as it first was would not know of it. ``forgotten`` counts both.
    """

    __slots__ = ("_deleted", "_edited", "_edited_bytes", "_floor", "_max_deleted", "forgotten")

    def __init__(self, max_deleted: int = MAX_DELETED) -> None:
        self._max_deleted = max_deleted
        self._deleted: dict[int, None] = {}  # the first heard of first
        self._floor = 0
        self._edited: dict[int, Change] = {}
        self._edited_bytes = 0
        self.forgotten = 0

    def note(self, change: Change) -> bool:
        """False: something newer is known of the comment, so that this is of no interest any more."""
        comment_id = change.comment_id
        if change.kind == frames.DELETE:
            if comment_id not in self._deleted:
                self._delete(comment_id)
            return True
        known = self._edited.get(comment_id)
        if self.is_deleted(comment_id) or (known is not None and known.change_id > change.change_id):
            return False
        self._forget_edit(comment_id)
        self._edited[comment_id] = change
        self._edited_bytes += len(change.data)
        while len(self._edited) > MAX_EDITED or self._edited_bytes > MAX_EDITED_BYTES:
            self._forget_edit(next(iter(self._edited)))
            self.forgotten += 1
        return True

    def is_deleted(self, comment_id: int) -> bool:
        """A deletion of it is remembered."""
        return comment_id in self._deleted

    def refusal(self, comment_id: int) -> DropReason | None:
        """Why a comment that comes now is not to be delivered."""
        if comment_id in self._deleted:
            return DropReason.DELETED
        return DropReason.TOO_OLD if comment_id <= self._floor else None

    def as_it_stands(self, comment_id: int, data: bytes) -> bytes:
        """The JSON of a comment that came as ``data``."""
        edit = self._edited.get(comment_id)
        return data if edit is None else edit.data

    def frame(self, comment_id: int, data: bytes) -> frames.Frame:
        """As viewers get that comment now."""
        return frames.encode(frames.COMMENT, self.as_it_stands(comment_id, data), comment_id)

    def _delete(self, comment_id: int) -> None:
        self._forget_edit(comment_id)
        self._deleted[comment_id] = None
        if len(self._deleted) > self._max_deleted:
            forgotten = next(iter(self._deleted))
            del self._deleted[forgotten]
            self._floor = max(self._floor, forgotten)
            self.forgotten += 1

    def _forget_edit(self, comment_id: int) -> None:
        edit = self._edited.pop(comment_id, None)
        if edit is not None:
            self._edited_bytes -= len(edit.data)
