"""Why the publisher gave something up; the same word in the log and as the metric's label."""

from __future__ import annotations

from enum import StrEnum


class PublishDropReason(StrEnum):
    """An event or head that no dispatcher acknowledged. The store has the comment; receivers repair."""

    OUTBOX_FULL = "outbox_full"  # the oldest made room for a newer one
    REJECTED = "rejected"  # a dispatcher refused its batch as malformed
    TOO_MANY_VIDEOS = "too_many_videos"  # a head, of the longest quiet video
    DRAIN_CUT_OFF = "drain_cut_off"  # the process ended first
