"""Events that go with others: every send costs the edge more than what is in it, and these can wait."""

from __future__ import annotations

from rms.frames import REACTIONS, TICKET, VIEWERS, Frame

RIDERS = frozenset({VIEWERS, REACTIONS, TICKET})
"""The kinds that ride."""


class Riders:
    """The riders of one channel that wait for a flush. Pure; times are seconds of the caller's clock.

    They go with the next flush, or alone once they have waited ``wait_s``. A ``viewers`` waits besides until
    ``viewers_gap_s`` after the one before it, however often counts come, and only the newest goes. Reactions say what
    has changed and not how all stands, so none of them takes another's place.
    """

    __slots__ = (
        "_others",
        "_others_bytes",
        "_others_since",
        "_viewers",
        "_viewers_gap_s",
        "_viewers_not_before",
        "_viewers_since",
        "_wait_s",
        "latest_viewers",
        "overdue",
    )

    def __init__(self, wait_s: float, viewers_gap_s: float) -> None:
        self._wait_s = wait_s
        self._viewers_gap_s = viewers_gap_s
        self._viewers: Frame | None = None
        self._viewers_since = self._others_since = 0.0
        self._viewers_not_before = float("-inf")
        self._others: list[Frame] = []
        self._others_bytes = 0
        self.latest_viewers: Frame | None = None
        """The ``viewers`` that went last."""
        self.overdue = False
        """They go now, alone if need be; for the caller to set at ``due_at``, until they are taken."""

    def __len__(self) -> int:
        """Riders that wait."""
        return len(self._others) + (self._viewers is not None)

    @property
    def size_bytes(self) -> int:
        """Of those."""
        return self._others_bytes + (len(self._viewers.data) if self._viewers else 0)

    def add(self, frame: Frame, now: float) -> int:
        """Has ``frame`` wait. Returns how many need not go any more, itself included where its count is known."""
        if frame.kind != VIEWERS:
            if not self._others:
                self._others_since = now
            self._others.append(frame)
            self._others_bytes += len(frame.data)
            return 0
        superseded = 0
        if self._viewers is None:
            self._viewers_since = now
        else:
            superseded = 1
        self._viewers = frame
        if self.latest_viewers is not None and self.latest_viewers.data == frame.data:
            self._viewers = None
            superseded += 1
        return superseded

    @property
    def due_at(self) -> float | None:
        """When they go alone; None where none waits."""
        due: list[float] = []
        if self._others:
            due.append(self._others_since + self._wait_s)
        if self._viewers is not None:
            due.append(max(self._viewers_since + self._wait_s, self._viewers_not_before))
        return min(due, default=None)

    def take(self, now: float) -> list[Frame]:
        """Those that go with a flush now."""
        self.overdue = False
        taken, self._others = self._others, []
        self._others_bytes = 0
        if self._viewers is not None and now >= self._viewers_not_before:
            taken.append(self._viewers)
            self.latest_viewers, self._viewers = self._viewers, None
            self._viewers_not_before = now + self._viewers_gap_s
        return taken
