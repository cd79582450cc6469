"""Why an RMS closed, dropped, repaired or refused something: one code, the same in the log, the metric label and
the SSE event."""

from __future__ import annotations

from enum import StrEnum


class CloseReason(StrEnum):
    """Why a viewer's connection ended."""

    HUNG_UP = "hung_up"
    """The other side closed, reset or half-closed the connection."""
    UNEXPECTED_INPUT = "unexpected_input"
    """Bytes came after the request: pipelining, or not HTTP."""
    STALLED = "stalled"
    """It was owed bytes and took none for too long."""
    ENDED = "ended"
    """The video ended."""
    DRAINING = "draining"
    """This node is going away."""
    MAX_AGE = "max_age"
    """The connection reached its maximum age, so that load evens out after scaling."""


class DropReason(StrEnum):
    """Why an event did not go out to a channel's viewers."""

    REPEAT = "repeat"
    """It went out already."""
    TOO_OLD = "too_old"
    """It is older than everything that the channel still remembers, so it cannot be told from a repeat."""
    OVERFLOW = "overflow"
    """More waited for one flush than a channel's ring holds; the viewers were told to resync."""
    ENDED = "ended"
    """The video has ended: nothing comes after its ``end``."""


class ResyncReason(StrEnum):
    """Why viewers were told to read the rest by REST: the ``reason`` of the ``resync`` event."""

    FELL_BEHIND = "fell_behind"
    """The viewer was so slow that the frames due to it have left the channel's ring."""
    OVERFLOW = "overflow"
    """More came at once than the node could send."""
    TOO_FAR_BACK = "too_far_back"
    """A resume asked for more than can be replayed at once."""
