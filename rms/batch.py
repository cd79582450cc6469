"""Frames joined for sending: made once, sent to many."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from rms.frames import Frame


class Rest(NamedTuple):
    """Where a viewer stands that took only a part of a batch."""

    tail: bytes
    """The rest of the frame that was begun; b"" at a frame's boundary. It must go out before anything else."""
    position: int
    """The next frame after the tail."""


class Batch:
    """What a viewer gets in one piece: the bytes, and which frames of the canonical stream they are.

    A flush is the batch of the frames from ``positions[0]`` up to ``end``; ``end`` grows from flush to flush and so
    numbers them. A first page leaves out what is not a comment, so its positions may have gaps.
    A link sends ``payload`` and reports how many bytes a viewer took; ``cut`` tells where that viewer stands. So a
    link knows nothing of frames, and what it sends may as well be the blocks of an encoding, each a frame in place of
    those that it encodes.

    ``events``: how many frames of the canonical stream these are.
    ``run_from``: from this position to ``end`` it is the canonical stream, nothing left out and nothing rewritten; 0
    where that holds from its beginning, so that it goes on from what a viewer had before.
    """

    __slots__ = ("_ends", "end", "events", "frames", "payload", "positions", "run_from")

    def __init__(
        self,
        frames: Sequence[Frame],
        positions: Sequence[int],
        end: int,
        *,
        events: int | None = None,
        run_from: int = 0,
    ) -> None:
        self.frames = frames
        self.positions = positions
        self.end = end
        self.events = len(frames) if events is None else events
        self.run_from = run_from
        self.payload = b"".join([frame.data for frame in frames])
        self._ends: list[int] | None = None

    def cut(self, taken: int) -> Rest:
        """The standing of a viewer that took the first ``taken`` bytes, 0 up to the payload's length."""
        if self._ends is None:
            self._ends = list(accumulate(len(frame.data) for frame in self.frames))
        whole = bisect_right(self._ends, taken)
        if whole == len(self.frames):
            return Rest(b"", self.end)
        begun = taken - (self._ends[whole - 1] if whole else 0)
        if not begun:
            return Rest(b"", self.positions[whole])
        following = self.positions[whole + 1] if whole + 1 < len(self.frames) else self.end
        return Rest(self.frames[whole].data[begun:], following)
