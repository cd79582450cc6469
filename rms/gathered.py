"""What waits for the next flush of one channel."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator, Mapping

from rms.frames import CHANGES, COMMENT, END, Frame
from rms.reaction_totals import Totals, restated


class Gathered:
    """Frames that were published and have not gone out. Pure."""

    __slots__ = ("_frames", "size_bytes")

    def __init__(self) -> None:
        self._frames: deque[Frame] = deque()
        self.size_bytes = 0
        """Of all of them."""

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[Frame]:
        """In the order in which they came."""
        return iter(self._frames)

    @property
    def comment_ids(self) -> set[int]:
        """Of the comments among them, deleted ones too."""
        return {frame.event_id for frame in self._frames if frame.kind == COMMENT}

    @property
    def change_ids(self) -> set[int]:
        """Of the edits and deletions among them."""
        return {frame.event_id for frame in self._frames if frame.kind in CHANGES}

    def add(self, frame: Frame) -> None:
        """It goes with the next flush."""
        self._frames.append(frame)
        self.size_bytes += len(frame.data)

    def replace(self, comment_id: int, data: bytes) -> None:
        """The comment, where it is here, goes out as ``data``, b"" for not at all, and that for good."""
        for at, old in enumerate(self._frames):
            if old.kind == COMMENT and old.event_id == comment_id and old.data:
                self._frames[at] = Frame(old.kind, old.event_id, data)
                self.size_bytes += len(data) - len(old.data)

    def shed(self, max_frames: int, max_bytes: int) -> Iterator[Frame]:
        """Drops the oldest until no more than so many are left; each that was dropped."""
        while len(self._frames) > max_frames or self.size_bytes > max_bytes:
            frame = self._frames.popleft()
            self.size_bytes -= len(frame.data)
            yield frame

    def take(self, totals: Mapping[int, Totals]) -> list[Frame]:
        """All, as they go out: by id; what has none follows, and the end comes last. ``totals``: of comments, the
        reactions that viewers are being told of by this very flush."""
        frames = sorted(self._frames, key=_flush_order)
        self._frames.clear()
        self.size_bytes = 0
        if not totals:
            return frames
        return [
            restated(frame, totals[frame.event_id]) if frame.kind == COMMENT and frame.event_id in totals else frame
            for frame in frames
        ]


def _flush_order(frame: Frame) -> tuple[bool, int]:
    return frame.kind == END, frame.event_id or sys.maxsize
