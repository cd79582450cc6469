"""Events that go with others: every send costs the edge more than what is in it, and these can wait."""

from __future__ import annotations

from rms.channel_limits import ChannelLimits
from rms.frames import TICKET, VIEWERS, Frame
from rms.reaction_totals import ReactionTotals, Totals, TotalsChange

RIDERS = frozenset({VIEWERS, TICKET})
"""The kinds of frames that ride, beside ``reactions``, which are made here."""


class Riders:
    """The riders of one channel that wait for a flush. Pure; times are seconds of the caller's clock.

    They go with the next flush, or alone once they have waited, each kind as long as its limit says. Of each the
    newest goes, and not before its gap to the one before it has passed, however often they come: of ``viewers`` the
    newest count, of ``reactions`` all totals that changed. A ``ticket`` has no gap.
    """

    __slots__ = (
        "_limits",
        "_reactions_not_before",
        "_reactions_since",
        "_ticket",
        "_ticket_since",
        "_viewers",
        "_viewers_not_before",
        "_viewers_since",
        "latest_viewers",
        "overdue",
        "reactions",
        "told",
    )

    def __init__(self, limits: ChannelLimits) -> None:
        self._limits = limits
        self._viewers: Frame | None = None
        self._ticket: Frame | None = None
        self._viewers_since = self._ticket_since = self._reactions_since = 0.0
        self._viewers_not_before = self._reactions_not_before = float("-inf")
        self.latest_viewers: Frame | None = None
        """The ``viewers`` that went last."""
        self.reactions = ReactionTotals(limits.reaction_comments)
        """Those that went and those that wait."""
        self.told: dict[int, Totals] = {}
        """Of comments, what the riders say that were taken last."""
        self.overdue = False
        """They go now, alone if need be; for the caller to set at ``due_at``, until they are taken."""

    def __len__(self) -> int:
        """Riders that wait."""
        return bool(self.reactions) + (self._ticket is not None) + (self._viewers is not None)

    def add(self, frame: Frame, now: float) -> int:
        """Has a frame of ``RIDERS`` wait. Returns how many need not go any more, itself included where it is known."""
        superseded = 0
        if frame.kind == TICKET:
            if self._ticket is None:
                self._ticket_since = now
            else:
                superseded = 1
            self._ticket = frame
            return superseded
        if self._viewers is None:
            self._viewers_since = now
        else:
            superseded = 1
        self._viewers = frame
        if self.latest_viewers is not None and self.latest_viewers.data == frame.data:
            self._viewers = None
            superseded += 1
        return superseded

    def react(self, event_id: int, change: TotalsChange, now: float) -> int:
        """Has totals wait, where they are news. Returns of how many comments they are dropped for want of room."""
        waited = bool(self.reactions)
        dropped = self.reactions.merge(event_id, change)
        if not waited:
            self._reactions_since = now
        return dropped

    @property
    def due_at(self) -> float | None:
        """When one goes alone; None where none waits."""
        due: list[float] = []
        if self.reactions:
            due.append(max(self._reactions_since + self._limits.reactions_wait_s, self._reactions_not_before))
        if self._ticket is not None:
            due.append(self._ticket_since + self._limits.rider_wait_s)
        if self._viewers is not None:
            due.append(max(self._viewers_since + self._limits.rider_wait_s, self._viewers_not_before))
        return min(due, default=None)

    def take(self, now: float) -> list[Frame]:
        """Those that go with a flush now."""
        self.overdue = False
        self.told = {}
        taken: list[Frame] = []
        if self.reactions and now >= self._reactions_not_before:
            frame, change = self.reactions.take()
            taken.append(frame)
            self.told = dict(change.comments)
            self._reactions_since = now  # of what did not fit
            self._reactions_not_before = now + self._limits.reactions_gap_s
        if self._ticket is not None:
            taken.append(self._ticket)
            self._ticket = None
        if self._viewers is not None and now >= self._viewers_not_before:
            taken.append(self._viewers)
            self.latest_viewers, self._viewers = self._viewers, None
            self._viewers_not_before = now + self._limits.viewers_gap_s
        return taken
