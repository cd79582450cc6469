"""Videos: whether they have ended, and how fast one may comment."""

from __future__ import annotations

from typing import Protocol

from comment_service.video import Video


class VideoStore(Protocol):
    """A video needs no registration; one that was never heard of goes on."""

    async def get(self, live_video_id: str) -> Video:
        """What is known of it."""

    async def end(self, live_video_id: str, ended_at_ms: int, change_id: int) -> bool:
        """Ends it for good and notes the change (see ``CommentStore.changes``). False where it had ended already."""

    async def set_slow_mode(self, live_video_id: str, seconds: int) -> None:
        """0 turns it off."""
