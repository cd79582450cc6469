"""Slow mode: one comment a user in so many seconds."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from comment_service.audit import Audit
from comment_service.comments import Draft
from comment_service.metrics import CommentServiceMetrics
from comment_service.rates.windows import whole_seconds
from comment_service.refusal import InvalidArgument, SlowMode
from comment_service.roles import moderates, require_moderator
from comment_service.sender import Sender
from comment_service.store import Store
from comment_service.store_calls import StoreCalls
from comment_service.video import Video
from service_kit.auth.identity import Identity

MAX_SECONDS = 3600


class KnownVideos(Protocol):
    """What is known of videos, a moment old."""

    async def get(self, live_video_id: str) -> Video: ...

    def forget(self, live_video_id: str) -> None:
        """It was changed here."""


class SlowModes:
    """Moderators need not wait. Every method raises ``StoreDown`` and ``StoreBusy``.

    Of at most ``max_users`` users and videos it is remembered when they last took a turn, in this process: a user's
    posts come to one comment service. Beyond that who waits longest is forgotten, and counted.
    """

    def __init__(
        self,
        store: Store,
        videos: KnownVideos,
        audit: Audit,
        metrics: CommentServiceMetrics,
        *,
        max_users: int = 100_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._videos = videos
        self._audit = audit
        self._max_users = max_users
        self._clock = clock
        self._calls = StoreCalls(metrics)
        self._forgotten = metrics.slow_mode_forgotten
        self._turns: OrderedDict[tuple[str, str], float] = OrderedDict()

    def __len__(self) -> int:
        """Turns that are remembered."""
        return len(self._turns)

    async def set(self, moderator: Identity, live_video_id: str, seconds: int) -> None:
        """0 turns it off. Raises ``Forbidden`` and ``InvalidArgument``."""
        require_moderator(moderator)
        if not 0 <= seconds <= MAX_SECONDS:
            raise InvalidArgument("seconds", f"is not a number from 0 to {MAX_SECONDS}")
        await self._audit(moderator, "slow_mode", live_video_id, {"seconds": str(seconds)})
        try:
            await self._calls.ask("slow_mode", lambda: self._store.videos.set_slow_mode(live_video_id, seconds))
        finally:
            self._videos.forget(live_video_id)

    async def take_turn(self, sender: Sender, draft: Draft) -> Callable[[], None] | None:
        """A ``PostCheck``: takes the user's turn, and returns what gives it back. Raises ``SlowMode``."""
        seconds = (await self._videos.get(draft.live_video_id)).slow_mode_s
        if not seconds or moderates(sender.identity):
            return None
        who = draft.live_video_id, sender.identity.user_id
        now = self._clock()
        last = self._turns.get(who)
        if last is not None and now < last + seconds:
            wait_s = whole_seconds(last + seconds - now)
            problem = f"slow mode: one comment in {seconds} s; the next is possible in {wait_s} s"
            raise SlowMode(problem, retry_after_s=wait_s, limit=1, window_s=seconds)
        self._turns[who] = now
        self._turns.move_to_end(who)
        self._drop(now)
        return lambda: self._give_back(who, now, last)

    def _give_back(self, who: tuple[str, str], taken: float, before: float | None) -> None:
        if self._turns.get(who) != taken:
            return
        if before is None:
            del self._turns[who]
        else:
            self._turns[who] = before

    def _drop(self, now: float) -> None:
        oldest = next(iter(self._turns))
        if self._turns[oldest] + MAX_SECONDS < now:
            del self._turns[oldest]
        elif len(self._turns) > self._max_users:
            del self._turns[oldest]
            self._forgotten.inc()
