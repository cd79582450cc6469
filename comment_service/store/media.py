"""Images: what is known of each. The bytes are kept elsewhere; which comments use one, ``CommentStore`` says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from comment_service.comment import Media

# So long a condemned image is the one's who condemned it: then it counts as left behind by a process that died.
PURGE_LEASE_MS = 10 * 60 * 1000


class MediaStore(Protocol):
    """``media_id`` comes from the bytes: the same image uploaded twice is one.

    An image is unknown, known, or condemned: then it may not be shown any more, its bytes are about to be removed, and
    it is unknown once they are. Times are milliseconds since 1970. A store that cannot do a method at one stroke must
    see to it that no image is condemned while it is used or held, e.g. by looking again after it wrote.
    """

    async def add(self, media: Media, uploader_id: str, uploaded_at_ms: int) -> bool:
        """Knows the image from here on, as uploaded then, also where it was known before. False: it is condemned."""

    async def get(self, media_ids: Sequence[str]) -> dict[str, Media]:
        """Those of them that are known."""

    async def hold(self, media_ids: Sequence[str], hold_id: str, *, now_ms: int, until_ms: int) -> dict[str, Media]:
        """Those of them that are known: a comment is about to use them, and until then they cannot be condemned."""

    async def unhold(self, media_ids: Sequence[str], hold_id: str) -> None:
        """That hold ends, whether or not a comment uses them now."""

    async def abandoned(self, *, uploaded_until_ms: int, now_ms: int, limit: int) -> list[str]:
        """Up to ``limit`` images that ``condemn`` would take, as far as one can see; those left behind among them."""

    async def condemn(self, media_id: str, *, uploaded_until_ms: int, now_ms: int) -> bool:
        """Takes an image whose bytes the caller is to remove. True for one caller alone.

        Either no comment uses it, nobody holds it at ``now_ms``, and it was last uploaded no later than
        ``uploaded_until_ms``; or it was condemned before ``now_ms - PURGE_LEASE_MS``, and is still there.
        """

    async def forget(self, media_id: str, condemned_at_ms: int) -> None:
        """The bytes are gone; it is unknown. Nothing happens where another has condemned it since."""
