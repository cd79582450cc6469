"""Why a dispatcher gave something up; the same word in the log and as the metric's label."""

from __future__ import annotations

from enum import StrEnum


class DropReason(StrEnum):
    """An event or head that an outbox gave up. Receivers notice and repair from the store."""

    OUTBOX_FULL = "outbox_full"  # the oldest made room for a newer one
    REJECTED = "rejected"  # the receiver refused its batch as malformed
    RECEIVER_GONE = "receiver_gone"  # the RMS left and did not come back
    CLOSED = "closed"  # the dispatcher ended with it still waiting


class RefusalReason(StrEnum):
    """A Publish or Relay call that was refused."""

    MALFORMED = "malformed"
    OVER_LIMIT = "over_limit"
    TOO_MANY_STREAMS = "too_many_streams"
