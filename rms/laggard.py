"""Where a viewer stands that is behind."""

from __future__ import annotations

from rms.batch import Batch, Rest
from rms.compress import stored
from rms.frames import Frame, resync_frame
from rms.gzip_stream import GzipStream
from rms.reasons import ResyncReason
from rms.ring import Ring


class Laggard:
    """A viewer's own place in the stream, and the bytes that must go out before.

    In order it is owed: the ``tail`` (the rest of what was begun: one frame, or the opening), a ``resync`` where it
    missed something, and the ring's frames from ``position`` on, of which only comments as long as it is within
    its first page. Nothing of the ring is copied, so a slow viewer's memory is its tail.

    A gzip viewer is owed all this in blocks, and has a run (see ``GzipStream``), others None.
    """

    __slots__ = ("_first_page_end", "_resync_after", "_tail", "moved_at", "position", "run_from")

    def __init__(self, rest: Rest, *, first_page_end: int = 0, run_from: int | None = None, now: float) -> None:
        self._tail, self.position = rest
        self._first_page_end = first_page_end
        self._resync_after: int | None = None
        self.run_from = run_from
        self.moved_at = now
        """When it last took something, or fell behind."""

    @property
    def in_frame(self) -> bool:
        """Something was begun for it, a frame or a block, that is not whole yet."""
        return bool(self._tail)

    def is_behind(self, ring: Ring) -> bool:
        """It is owed something."""
        return bool(self._tail) or self._resync_after is not None or self.position < ring.end

    def miss(self, ring: Ring) -> None:
        """Skips to the ring's end, and has the viewer told from where to read the rest.

        To the end and not to the ring's oldest frame: who fell behind by a whole ring would fall again at once.
        To be called while the ring still holds its position.
        """
        after = ring.resync_after(self.position)
        self._resync_after = after if self._resync_after is None else min(after, self._resync_after)
        self.position = ring.end
        if self.run_from is not None:
            self.run_from = ring.end

    def next_batch(self, ring: Ring, gzip: GzipStream, max_bytes: int) -> Batch:
        """What to offer it now: about ``max_bytes``, more only where a single frame or the tail is larger."""
        tail = self._tail
        if self._resync_after is not None:
            resync = resync_frame(self._resync_after, ResyncReason.FELL_BEHIND).data
            tail += resync if self.run_from is None else stored(resync)
        if not tail:
            return self._following(ring, gzip, max_bytes)
        first = Frame("tail", 0, tail)
        room = max_bytes - len(tail)
        if room <= 0:
            return Batch([first], [self.position], self.position)
        rest = self._following(ring, gzip, room)
        return Batch([first, *rest.frames], [self.position, *rest.positions], rest.end, run_from=rest.run_from)

    def take(self, batch: Batch, taken: int, now: float) -> None:
        """It took the first ``taken`` bytes of ``next_batch``."""
        if taken:
            self.moved_at = now
        if self._resync_after is not None and taken <= len(self._tail):
            self._tail = self._tail[taken:]  # the resync is not begun and may have to cover more
        elif taken or not batch.payload:
            self._tail, self.position = batch.cut(taken)
            self._resync_after = None
            if self.run_from is not None:
                self.run_from = max(self.run_from, batch.run_from)

    def _following(self, ring: Ring, gzip: GzipStream, max_bytes: int) -> Batch:
        if self.run_from is None:
            return ring.batch(self.position, max_bytes=max_bytes, comments_before=self._first_page_end)
        return gzip.piece(self.position, self.run_from, max_bytes=max_bytes, comments_before=self._first_page_end)
