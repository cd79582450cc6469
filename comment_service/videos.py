"""The use cases of a video: what is known of it, and its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from comment_service.announcements import Announcements
from comment_service.audit import Audit, no_audit
from comment_service.comments import RETELL_MS, Draft
from comment_service.idempotency import Told
from comment_service.metrics import CommentServiceMetrics
from comment_service.read_cache import ReadCache
from comment_service.refusal import Forbidden, VideoEnded
from comment_service.roles import moderates
from comment_service.sender import Sender
from comment_service.store import Store, StoreError
from comment_service.store_calls import StoreCalls
from comment_service.video import Video
from coordination.ids import clock_ms, id_time_ms
from livecomments.v1 import event_pb2
from service_kit.auth.identity import Identity


class Videos:
    """Every method raises ``StoreDown`` and ``StoreBusy``."""

    def __init__(
        self,
        store: Store,
        next_id: Callable[[], int],
        announcements: Announcements,
        metrics: CommentServiceMetrics,
        *,
        audit: Audit = no_audit,
        cache_s: float = 0.5,
        cache_videos: int = 10_000,
    ) -> None:
        self._store = store
        self._next_id = next_id
        self._announcements = announcements
        self._audit = audit
        self._calls = StoreCalls(metrics)
        self._cache = ReadCache(self._read, life_s=cache_s, max_entries=cache_videos)
        self._told = Told()

    @property
    def cached(self) -> int:
        """Videos that are remembered for a moment."""
        return len(self._cache)

    async def get(self, live_video_id: str) -> Video:
        """What was known of it ``cache_s`` ago or later."""
        return await self._cache.get(live_video_id)

    def forget(self, live_video_id: str) -> None:
        """It was changed here: it is read anew."""
        self._cache.forget(live_video_id)

    async def require_going(self, sender: Sender, draft: Draft) -> None:
        """A ``PostCheck``. Raises ``VideoEnded``."""
        if (await self.get(draft.live_video_id)).ended:
            raise VideoEnded(f"{draft.live_video_id} has ended")

    async def end(self, identity: Identity, live_video_id: str) -> None:
        """Ends it for good, and tells the viewers. Raises ``Forbidden``.

        Of no effect where it has ended, but within a minute of that the viewers may be told again: who ended it may
        have died, or not have heard that it had, and so have told nobody.
        """
        if not moderates(identity) and live_video_id not in identity.videos:
            raise Forbidden(f"to end {live_video_id} takes a moderator, or a token that names it in videos")
        video = await self._read(live_video_id)
        first_here = self._told.add(live_video_id)
        if video.ended and not (first_here and _ended_just_now(video)):
            return
        await self._audit(identity, "end_video", live_video_id, {})
        change_id = self._next_id()
        write = asyncio.ensure_future(self._end(live_video_id, change_id, again=video.ended))
        kind = event_pb2.Event.KIND_END
        ended = self._announcements.once_written(live_video_id, change_id, kind, b"{}", write)
        try:
            await self._calls.ask("end", lambda: ended)
        finally:
            self.forget(live_video_id)

    async def _end(self, live_video_id: str, change_id: int, *, again: bool) -> bool:
        """Whether viewers are to be told."""
        try:
            return await self._store.videos.end(live_video_id, id_time_ms(change_id), change_id) or again
        except StoreError:
            self._told.discard(live_video_id)
            raise

    async def _read(self, live_video_id: str) -> Video:
        return await self._calls.ask("video", lambda: self._store.videos.get(live_video_id))


def _ended_just_now(video: Video) -> bool:
    return video.ended_at_ms is not None and clock_ms() - video.ended_at_ms <= RETELL_MS
