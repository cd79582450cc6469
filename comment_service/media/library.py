"""The use cases: show an image, use it in a comment, let it go. Knows no HTTP, no gRPC and no SQL."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from comment_service.comment import Comment, Media
from comment_service.media.files import MediaFile, MediaFiles
from comment_service.media.purge import PurgeCause, Purger
from comment_service.refusal import InvalidArgument, NotFound, StoreBusy, StoreDown
from comment_service.store import Store
from comment_service.store_calls import StoreCalls
from coordination.ids import clock_ms

MAX_MEDIA = 4
_MEDIA_ID = re.compile(r"[0-9a-f]{64}")
# Longer than a post may take; a process that dies in the middle of one holds its images no longer than this.
_HOLD_MS = 60_000


@dataclass(frozen=True)
class StoredImage:
    """An image, and its bytes."""

    media: Media
    file: MediaFile


class MediaLibrary:
    """Every method raises a ``Refusal`` where it cannot do what is asked.

    At most ``max_downloads`` images are open at a time (``downloads``), each for ``download_timeout_s``.
    """

    def __init__(
        self,
        store: Store,
        files: MediaFiles,
        purger: Purger,
        calls: StoreCalls,
        *,
        max_downloads: int = 1_000,
        download_timeout_s: float = 120.0,
        clock_ms: Callable[[], int] = clock_ms,
    ) -> None:
        self.downloads = 0
        self.download_timeout_s = download_timeout_s
        self._max_downloads = max_downloads
        self._store = store
        self._files = files
        self._purger = purger
        self._calls = calls
        self._clock_ms = clock_ms

    async def get(self, media_id: str) -> Media:
        """Raises ``NotFound``, also for an image that no comment shows any more."""
        if _MEDIA_ID.fullmatch(media_id):
            known = await self._calls.ask("media_get", lambda: self._store.media.get([media_id]))
            if media_id in known:
                return known[media_id]
        raise NotFound("there is no such image")

    @asynccontextmanager
    async def opened(self, media_id: str) -> AsyncIterator[StoredImage]:
        """The image, to be read within it. Raises as ``get`` does, and ``StoreBusy``."""
        media = await self.get(media_id)
        file = await self._calls.ask("media_open", lambda: self._files.open(media_id))
        if file is None:
            raise NotFound("there is no such image")
        if self.downloads >= self._max_downloads:
            raise StoreBusy("too many images are being sent; try again in a moment")
        self.downloads += 1
        try:
            yield StoredImage(media, file)
        finally:
            self.downloads -= 1

    @asynccontextmanager
    async def held(self, media_ids: Sequence[str]) -> AsyncIterator[tuple[Media, ...]]:
        """The images of a post, which cannot go while it is stored: within this, ``CommentStore.add`` takes them over.

        Raises ``InvalidArgument`` where there are too many, or one twice, or one that is unknown.
        """
        if not media_ids:
            yield ()
            return
        _check(media_ids)
        hold_id, now = secrets.token_hex(8), self._clock_ms()
        until = now + _HOLD_MS
        known = await self._calls.ask(
            "media_hold", lambda: self._store.media.hold(media_ids, hold_id, now_ms=now, until_ms=until)
        )
        try:
            for media_id in media_ids:
                if media_id not in known:
                    raise InvalidArgument("media", f"has {media_id}, which is no image that was uploaded")
            yield tuple(known[media_id] for media_id in media_ids)
        finally:
            await self._unhold(list(known), hold_id)

    async def release(self, comment: Comment) -> None:
        """The comment was deleted: those of its images that no other comment uses are gone. Never raises."""
        for media in comment.media:
            # One that was uploaded since is for a comment that is still to come.
            await self._purger.purge(
                media.media_id, PurgeCause.COMMENT_DELETED, uploaded_until_ms=comment.created_at_ms
            )

    async def _unhold(self, media_ids: Sequence[str], hold_id: str) -> None:
        try:
            if media_ids:
                await self._calls.ask("media_unhold", lambda: self._store.media.unhold(media_ids, hold_id))
        except (StoreBusy, StoreDown):
            pass  # it ends by itself


def _check(media_ids: Sequence[str]) -> None:
    if len(media_ids) > MAX_MEDIA:
        raise InvalidArgument("media", f"has {len(media_ids)} images; {MAX_MEDIA} are possible")
    if len(set(media_ids)) < len(media_ids):
        raise InvalidArgument("media", "has an image twice")
    for media_id in media_ids:
        if not _MEDIA_ID.fullmatch(media_id):
            raise InvalidArgument("media", "has an id that no image has: they are 64 of 0-9 a-f")
