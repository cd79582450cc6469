"""A channel's stream as its gzip viewers get it: in shared blocks where they can decode them, else in stored ones."""

from __future__ import annotations

from collections.abc import Sequence

from rms.batch import Batch
from rms.compress import SharedHistory, stored_batch
from rms.encoders import Encoders
from rms.frames import Frame
from rms.ring import Ring


class GzipStream:
    """What a gzip viewer can be sent depends on its position and on its *run*: the position from which on it has the
    canonical stream in a row, as the latest that it decoded. Whatever else it is sent begins its run anew.

    The shared history has what went out at first. So a frame that was rewritten in the ring breaks the run of whoever
    gets it from there; and no block that is kept with a comment that was deleted since is sent any more.
    """

    def __init__(self, ring: Ring, encoders: Encoders) -> None:
        self._ring = ring
        self._encoders = encoders
        self._history: SharedHistory | None = None
        self._newest: dict[bool, tuple[int, Batch]] = {}  # by whether shared: from where, and what

    def append(self, frames: Sequence[Frame], viewers: int) -> None:
        """A flush that the ring is about to be given, and how many gzip viewers are up to date."""
        self._history = self._encoders.encode(self._history, self._ring.end, frames, viewers)
        self._newest.clear()

    def on_rewrite(self) -> None:
        """A frame of the ring no longer gives what went out."""
        self._newest.clear()

    def forget(self) -> None:
        """Ends the history: the channel is silent or closed. The next flush begins another, that everyone shares."""
        self._encoders.release(self._history)
        self._history = None

    def shares(self, run_from: int) -> bool:
        """Whoever stands at the ring's end with that run can take the next flush as a shared block."""
        return self._history is None or run_from <= self._history.window_from

    def batch(self, position: int, run_from: int) -> Batch:
        """All that follows from ``position`` on, the same object to all groups of a round."""
        shared = self._history_for(position, run_from) is not None
        start, batch = self._newest.get(shared, (0, None))
        if batch is None or start != position or batch.end != self._ring.end:
            batch = self.piece(position, run_from)
            self._newest[shared] = position, batch
        return batch

    def piece(self, position: int, run_from: int, *, max_bytes: int | None = None, comments_before: int = 0) -> Batch:
        """See ``Ring.batch``."""
        history = self._history_for(position, run_from)
        batch = history and history.batch(position, run_from, max_bytes=max_bytes)
        return batch or stored_batch(self._ring.batch(position, max_bytes=max_bytes, comments_before=comments_before))

    def _history_for(self, position: int, run_from: int) -> SharedHistory | None:
        """The history, for who can be sent blocks from ``position`` on."""
        history = self._history
        if history is None or position <= self._ring.newest_rewritten or not history.decodes(position, run_from):
            return None
        return history
