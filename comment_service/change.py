"""What happened to a video's history after it was written."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ChangeKind(StrEnum):
    """As the live stream's events are called."""

    EDIT = "edit"
    DELETE = "delete"
    END = "end"


@dataclass(frozen=True, slots=True)
class Change:
    """``change_id`` is made like a comment's id and is the event's id. ``comment_id`` is 0 where the video ended."""

    change_id: int
    kind: ChangeKind
    comment_id: int = 0
