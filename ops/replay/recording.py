"""A recorded chat, whatever program recorded it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class RecordingError(Exception):
    """The file is not a recorded chat. The message is one line: which file, where in it, what is wrong."""


@dataclass(frozen=True, slots=True)
class RecordedComment:
    """One line of the chat: seconds from the start of the video, who wrote it, and what."""

    offset_s: float
    author: str
    text: str


@dataclass(frozen=True)
class Recording:
    """Comments in the order of their offsets.

    Attributes:
        skipped: entries of the file that are no comment with a text (gifts, deletions, empty messages).
    """

    comments: Sequence[RecordedComment]
    skipped: int

    @property
    def duration_s(self) -> float:
        """From the first comment to the last."""
        return self.comments[-1].offset_s - self.comments[0].offset_s if self.comments else 0.0

    @property
    def authors(self) -> int:
        return len({comment.author for comment in self.comments})
