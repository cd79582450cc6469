"""Images: what is known of each, and which comments show it. The bytes are kept elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from comment_service.comment import Media


class MediaStore(Protocol):
    """``media_id`` comes from the bytes: the same image uploaded twice is one."""

    async def add(self, media: Media, uploader_id: str, created_at_ms: int) -> None:
        """Knows the image from here on. One that is known already is uploaded anew: it may be used again."""

    async def get(self, media_ids: Sequence[str]) -> dict[str, Media]:
        """Those of them that are known and may be shown."""

    async def use(self, media_ids: Sequence[str], live_video_id: str, comment_id: int) -> None:
        """The comment shows them."""

    async def release(self, media_ids: Sequence[str], live_video_id: str, comment_id: int) -> list[str]:
        """The comment shows them no more. Returns those that no comment shows now: they are unknown from here on."""
