"""The newest part of a video's canonical stream, bounded in frames and bytes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, KeysView
from dataclasses import replace

from rms.batch import Batch
from rms.frames import CHANGES, COMMENT, END, REACTIONS, Frame

_FIRST_PAGE_KINDS = (COMMENT, END)
MAX_REACTIONS = 64
"""Frames of reactions that are kept; of older ones the places."""
MAX_PLACES = 4
"""Times ``max_frames``: with those that are only places."""


class Ring:
    """Frames at absolute positions: 0, 1, 2 … since the channel opened, never reused and never reset.

    It holds the positions ``first`` up to ``end``. Frames are appended first and evicted by ``trim`` afterwards, so
    that what is about to go can still be asked about.

    Reactions come twice a second even where nobody says a word, and would push all comments out. So only the newest
    of them are kept: the older ones are empty places, which count for little.
    """

    def __init__(self, max_frames: int, max_bytes: int) -> None:
        self._max_frames = max_frames
        self._max_bytes = max_bytes
        self._frames: deque[Frame] = deque()
        self._bytes = 0
        self._reactions: deque[int] = deque()  # positions of those that are kept
        self._places = 0  # of others
        self._positions: dict[int, int] = {}  # of comments, by their ids
        self._rewritten: set[int] = set()  # positions that no longer give what went out
        self.newest_rewritten = -1
        """The last position that no longer gives what went out."""
        self.greatest_evicted = 0
        """The greatest comment id that it let go of: it has every comment with a greater one that came."""
        self._change_positions: dict[int, int] = {}  # of edits and deletions, by their ids
        self.greatest_change_evicted = 0
        """The same of edits and deletions."""
        self.first = 0

    @property
    def end(self) -> int:
        """The position that the next frame will have."""
        return self.first + len(self._frames)

    @property
    def size_bytes(self) -> int:
        """Of the frames that it holds."""
        return self._bytes

    @property
    def change_ids(self) -> KeysView[int]:
        """Of the edits and deletions that it holds."""
        return self._change_positions.keys()

    @property
    def comment_ids(self) -> KeysView[int]:
        """Of the comments that it holds, deleted ones too."""
        return self._positions.keys()

    def append(self, frame: Frame) -> None:
        """Adds a frame at ``end``; evicts nothing."""
        if frame.kind == COMMENT:
            self._positions[frame.event_id] = self.end
        elif frame.kind in CHANGES:
            self._change_positions[frame.event_id] = self.end
        elif frame.kind == REACTIONS:
            self._reactions.append(self.end)
        self._frames.append(frame)
        self._bytes += len(frame.data)
        if len(self._reactions) > MAX_REACTIONS:
            self._empty(self._reactions.popleft())

    def floor(self) -> int:
        """The first position that ``trim`` will keep. The newest frame always stays, whatever its size."""
        surplus_frames = len(self._frames) - self._places - self._max_frames
        surplus_places = len(self._frames) - MAX_PLACES * self._max_frames
        surplus_bytes = self._bytes - self._max_bytes
        evicted = 0
        for frame in self._frames:
            fits = surplus_frames <= 0 and surplus_bytes <= 0 and evicted >= surplus_places
            if fits or evicted == len(self._frames) - 1:
                break
            surplus_frames -= not _is_place(frame)
            surplus_bytes -= len(frame.data)
            evicted += 1
        return self.first + evicted

    def trim(self) -> None:
        """Evicts the oldest frames until the bounds hold."""
        for _ in range(self.floor() - self.first):
            frame = self._frames.popleft()
            self._bytes -= len(frame.data)
            self._places -= _is_place(frame)
            self._rewritten.discard(self.first)
            self.first += 1
            if self._reactions and self._reactions[0] < self.first:
                self._reactions.popleft()
            if frame.kind == COMMENT:
                del self._positions[frame.event_id]
            elif frame.kind in CHANGES:
                del self._change_positions[frame.event_id]
            self.pass_over(frame)

    def pass_over(self, frame: Frame) -> None:
        """``frame`` was shed before it could be appended: it counts as evicted."""
        if frame.kind == COMMENT:
            self.greatest_evicted = max(self.greatest_evicted, frame.event_id)
        elif frame.kind in CHANGES:
            self.greatest_change_evicted = max(self.greatest_change_evicted, frame.event_id)

    def comment(self, event_id: int) -> Frame | None:
        """The comment as it is given now; None where it is not here."""
        position = self._positions.get(event_id)
        return None if position is None else self._frames[position - self.first]

    def replace(self, event_id: int, data: bytes) -> bool:
        """From now on ``data`` is what the comment's position gives, b"" for nothing, and that for good.

        False: it is not here.
        """
        position = self._positions.get(event_id)
        if position is None:
            return False
        old = self._frames[position - self.first]
        if not old.data or old.data == data:
            return True
        self._frames[position - self.first] = replace(old, data=data)
        self._bytes += len(data) - len(old.data)
        self._rewritten.add(position)
        self.newest_rewritten = max(self.newest_rewritten, position)
        return True

    def position_after(self, event_id: int) -> int | None:
        """The first position of what a viewer may not have whose last comment was this; None when it is not here.

        That is the position that follows it, or that of an earlier comment or change with a greater id: they can come
        to two nodes in different orders, and who returns from the other one need not have had it.
        """
        position = self._positions.get(event_id)
        if position is None:
            return None
        return min((at for at in self._positions_after(event_id) if at < position), default=position + 1)

    def position_since(self, event_id: int) -> int:
        """The first position of a comment or change with a greater id; ``end`` where there is none."""
        return min(self._positions_after(event_id), default=self.end)

    def comments_after(self, event_id: int) -> list[Frame]:
        """The comments with a greater id, in id order."""
        found = [frame for frame in self._frames if frame.kind == COMMENT and frame.event_id > event_id and frame.data]
        return sorted(found, key=lambda frame: frame.event_id)

    def changes_after(self, event_id: int, *, before: int | None = None) -> list[Frame]:
        """The edits and deletions with a greater id, in id order; only those before a position where given."""
        end = self.end if before is None else before
        found = [newer for newer, at in self._change_positions.items() if newer > event_id and at < end]
        return [self._frames[self._change_positions[newer] - self.first] for newer in sorted(found)]

    def batch(self, position: int, *, max_bytes: int | None = None, comments_before: int = 0) -> Batch:
        """What follows from ``position`` (one that it holds, or ``end``) on, at least one frame if there is one.

        Up to the position ``comments_before`` all but what belongs on a first page is left out.
        """
        frames: list[Frame] = []
        positions: list[int] = []
        size = run_from = 0
        for at in range(position, self.end):
            frame = self._frames[at - self.first]
            left_out = at < comments_before and frame.kind not in _FIRST_PAGE_KINDS
            if frame.data and not left_out:
                size += len(frame.data)
                if max_bytes is not None and size > max_bytes and frames:
                    return Batch(frames, positions, at, run_from=run_from)
                frames.append(frame)
                positions.append(at)
            if left_out or at in self._rewritten:
                run_from = at + 1
        return Batch(frames, positions, self.end, run_from=run_from)

    def first_page(self, backlog: int) -> Batch:
        """The last ``backlog`` comments, and the video's end where it has come."""
        frames: list[Frame] = []
        positions: list[int] = []
        wanted, run_from = backlog, self.end
        for at, frame in zip(range(self.end - 1, self.first - 1, -1), reversed(self._frames), strict=True):
            if frame.kind == COMMENT and frame.data:
                if not wanted:
                    break
                wanted -= 1
            elif frame.kind != END:
                continue
            frames.append(frame)
            positions.append(at)
            if run_from == at + 1 and at not in self._rewritten:
                run_from = at
        return Batch(frames[::-1], positions[::-1], self.end, run_from=run_from)

    def resync_after(self, position: int) -> int:
        """The cursor that covers whatever a viewer at ``position`` misses when it goes on at ``end``.

        It is the greatest comment id that went out before ``position``, or less where a comment that came late is
        among the missed. Exact as long as the ring holds ``position``; 0 when nothing was said before.
        """
        got, missed = self.greatest_evicted, None
        for at, frame in enumerate(self._frames, start=self.first):
            if frame.kind != COMMENT:
                continue
            if at < position:
                got = max(got, frame.event_id)
            elif missed is None or frame.event_id < missed:
                missed = frame.event_id
        return got if missed is None else min(got, missed - 1)

    def _positions_after(self, event_id: int) -> Iterator[int]:
        """Of comments, edits and deletions with a greater id, in any order."""
        for positions in (self._positions, self._change_positions):
            yield from (at for newer, at in positions.items() if newer > event_id)

    def _empty(self, position: int) -> None:
        old = self._frames[position - self.first]
        self._frames[position - self.first] = _PLACE
        self._places += 1
        self._bytes -= len(old.data)
        self._rewritten.add(position)
        self.newest_rewritten = max(self.newest_rewritten, position)


_PLACE = Frame(REACTIONS, 0, b"")


def _is_place(frame: Frame) -> bool:
    return frame is _PLACE
