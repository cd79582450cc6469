"""What one channel may hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChannelLimits:
    """Bounds of a channel's memory and patience. The defaults are the settings' defaults."""

    max_frames: int = 2_000
    """Frames in the ring."""
    max_bytes: int = 2 * 1024 * 1024
    """Bytes of frames in the ring; it always holds the last frame, whatever its size."""
    recent_ids: int = 8_192
    """Event ids remembered to tell repeats."""
    group_size: int = 256
    """Viewers sent to in one go, without yielding to the loop."""
    chunk_bytes: int = 64 * 1024
    """What a laggard is offered at a time."""
    stalled_after_s: float = 20.0
    """A laggard that takes nothing for so long is closed."""
    heartbeat_after_s: float = 15.0
    """Silence after which a heartbeat goes out."""
    rider_wait_s: float = 2.0
    """How long ``viewers`` wait for a flush to go with."""
    viewers_gap_s: float = 5.0
    """At least so long between two ``viewers``."""
    reactions_wait_s: float = 0.5
    """How long ``reactions`` wait for a flush to go with."""
    reactions_gap_s: float = 0.5
    """At least so long between two ``reactions``."""
    reaction_comments: int = 2_000
    """Comments whose latest totals are remembered."""
