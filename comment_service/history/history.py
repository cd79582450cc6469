"""The use cases of reading: a page, a thread's page, one comment, as what HTTP answers with.

Why it may be kept, and for how long: docs/decisions/0017.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import blake2b

from comment_service.comment import Comment
from comment_service.comments import Comments
from comment_service.history.metrics import HistoryMetrics
from comment_service.history.page_cache import Answer, CacheLimits, Life, PageCache
from comment_service.history.wanted import Covered, OneComment, Wanted, covered_by
from comment_service.metrics import CommentServiceMetrics
from comment_service.read_cache import ReadCache
from comment_service.single_flight import SingleFlight
from comment_service.store import Store
from comment_service.store_calls import StoreCalls
from coordination.ids import clock_ms, first_id_at_ms

# By how much a change may be in the store later than its id says: clocks apart, a slow write.
_LATE_MS = 10_000
_MAX_CHANGES = 1_000
_SETTLED_AFTER_MS = 60_000


class History:
    """What was written here is in every answer from then on; what was written elsewhere ``recent_s`` later at most.

    ``clock`` gives seconds of any beginning, ``clock_ms`` milliseconds since 1970.
    """

    def __init__(
        self,
        store: Store,
        comments: Comments,
        metrics: CommentServiceMetrics,
        limits: CacheLimits | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        clock_ms: Callable[[], float] = clock_ms,
    ) -> None:
        limits = limits or CacheLimits()
        self._store = store
        self._comments = comments
        self._clock = clock
        self._clock_ms = clock_ms
        self._calls = StoreCalls(metrics)
        self._metrics: HistoryMetrics = metrics.history
        self._cache = PageCache(limits, on_drop=self._metrics.on_drop, clock=clock)
        self._metrics.watch(answers=lambda: len(self._cache), answers_bytes=lambda: self._cache.bytes)
        self._reads: SingleFlight[Wanted, Answer] = SingleFlight(self._read)
        self._changes_ms = limits.settled_s * 1000 + _LATE_MS
        self._checks: ReadCache[str, None] = ReadCache(
            self._check, life_s=limits.recent_s, max_entries=limits.max_entries, clock=clock
        )

    async def answer(self, wanted: Wanted, *, fresh: bool = False) -> Answer:
        """``fresh``: read after this call.

        Raises ``NotFound`` (one comment, a thread), ``StoreDown``, ``StoreBusy``.
        """
        if not fresh:
            found = await self._find(wanted)
            if found is not None:
                self._metrics.reads.labels("hit").inc()
                return found
        if fresh or wanted.seeks_the_newest:
            self._metrics.reads.labels("fresh").inc()
            return await self._reads.fresh(wanted)
        self._metrics.reads.labels("wait" if wanted in self._reads else "miss").inc()
        return await self._reads.join(wanted)

    def written(self, comment: Comment) -> None:
        """It was posted, edited, deleted or reacted to here."""
        live_video_id = comment.live_video_id
        self._reads.part(lambda wanted: wanted.live_video_id == live_video_id)
        self._cache.written(live_video_id, comment.comment_id, comment.reply_to)
        if comment.reply_to is not None:  # how many replies it has
            self._cache.written(live_video_id, comment.reply_to, None)

    async def _find(self, wanted: Wanted) -> Answer | None:
        found = self._cache.get(wanted)
        if found is None or found.life is not Life.SETTLED:
            return found
        await self._checks.get(wanted.live_video_id)
        return self._cache.get(wanted)

    async def _read(self, wanted: Wanted) -> Answer:
        began = self._clock()
        body, covered = await self._load(wanted)
        answer = Answer(body, f'"{blake2b(body, digest_size=12).hexdigest()}"', self._life(wanted, covered))
        if self._reads.is_joinable(wanted):
            self._cache.put(wanted, answer, covered, began)
        return answer

    async def _load(self, wanted: Wanted) -> tuple[bytes, Covered]:
        video = wanted.live_video_id
        if isinstance(wanted, OneComment):
            comment = await self._comments.get(video, wanted.comment_id)
            return comment.to_json(), Covered(comment.comment_id, comment.comment_id)
        request = wanted.request
        if wanted.thread is None:
            page = await self._comments.list(video, request)
        else:
            page = await self._comments.replies(video, wanted.thread, request.cursor, request.size)
        return page.to_json(), covered_by(request, page)

    def _life(self, wanted: Wanted, covered: Covered) -> Life:
        if covered.is_settled(self._clock_ms(), _SETTLED_AFTER_MS):
            return Life.SETTLED
        return Life.NONE if wanted.seeks_the_newest else Life.RECENT

    async def _check(self, live_video_id: str) -> None:
        """Drops what was edited or deleted by any comment service while it was kept here.

        Changes that were seen before drop what they touch again: a store may tell of a change a moment before the
        comment itself shows it.
        """
        self._metrics.checks.inc()
        after = first_id_at_ms(int(self._clock_ms() - self._changes_ms))
        changes = self._store.comments.changes
        found = await self._calls.ask("changes", lambda: changes(live_video_id, after, _MAX_CHANGES))
        if not found:
            return
        self._reads.part(lambda wanted: wanted.live_video_id == live_video_id)
        if len(found) == _MAX_CHANGES:
            self._cache.drop_video(live_video_id)
            return
        for comment_id in {change.comment_id for change in found}:
            self._cache.changed(live_video_id, comment_id)
