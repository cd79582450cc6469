"""What is known of a video, beside its comments."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Video:
    """``ended_at_ms``: milliseconds since 1970, None while it goes on. ``slow_mode_s``: seconds that a user waits
    between two comments, 0: none."""

    live_video_id: str
    ended_at_ms: int | None = None
    slow_mode_s: int = 0

    @property
    def ended(self) -> bool:
        return self.ended_at_ms is not None
