"""Bans: who may not take part, in a video or everywhere, and until when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from comment_service.audit import Audit
from comment_service.comment import iso_time
from comment_service.comments import Draft
from comment_service.metrics import CommentServiceMetrics
from comment_service.moderation.records import Ban, clean_reason
from comment_service.read_cache import ReadCache
from comment_service.refusal import Banned, Forbidden, NotFound
from comment_service.roles import MODERATORS, administers, require_moderator
from comment_service.sender import Sender
from comment_service.store import Store
from comment_service.store_calls import StoreCalls
from coordination.ids import clock_ms
from service_kit.auth.identity import ADMIN, Identity

# What nobody is said to have changed is read again after this time all the same.
_LIFE_S = 300.0
# Another's clock may be behind, and its write may be seen late.
_SLACK_MS = 30_000
# Whoever has not asked for so long, or hears of so many, forgets all.
_FOLLOWED_MS = 3_600_000
_MAX_CHANGED = 1_000


@dataclass(frozen=True, slots=True)
class BanOrder:
    """``live_video_id`` None: everywhere. ``until_ms``: milliseconds since 1970, None: for good."""

    user_id: str
    live_video_id: str | None = None
    until_ms: int | None = None
    reason: str = ""


class Bans:
    """Admins are never banned. Every method raises ``StoreDown`` and ``StoreBusy``.

    What a user is banned from is remembered, of at most ``cache_users`` users, and who was banned or unbanned
    meanwhile is asked of the store every ``cache_s`` seconds: so long after a ban made at another comment service it is
    in force here too. ``clock_ms`` gives milliseconds since 1970.
    """

    def __init__(
        self,
        store: Store,
        audit: Audit,
        metrics: CommentServiceMetrics,
        *,
        cache_s: float = 1.0,
        cache_users: int = 10_000,
        clock_ms: Callable[[], int] = clock_ms,
    ) -> None:
        self._store = store
        self._audit = audit
        self._clock_ms = clock_ms
        self._calls = StoreCalls(metrics)
        self._cache = ReadCache(self._read, life_s=_LIFE_S, max_entries=cache_users)
        self._changes: ReadCache[None, None] = ReadCache(self._follow, life_s=cache_s, max_entries=1)
        self._followed_to_ms = 0

    @property
    def cached(self) -> int:
        """Users whose bans are remembered."""
        return len(self._cache)

    async def require_not_banned(self, sender: Sender, draft: Draft) -> None:
        """A ``PostCheck``. Raises ``Banned``."""
        await self.check(sender, draft.live_video_id)

    async def check(self, sender: Sender, live_video_id: str | None = None) -> None:
        """For what is done in that video; None: in no video, where only a ban everywhere counts. Raises ``Banned``."""
        if administers(sender.identity):
            return
        await self._changes.get(None)
        bans = await self._cache.get(sender.identity.user_id)
        if not bans:
            return
        there = [ban for ban in self._in_force(bans) if ban.live_video_id in {None, live_video_id}]
        if there:
            raise Banned(_sentence(max(there, key=lambda ban: float("inf") if ban.until_ms is None else ban.until_ms)))

    async def ban(self, moderator: Identity, order: BanOrder) -> Ban:
        """In place of the ban that the user has there.

        Raises ``InvalidArgument`` (reason), and ``Forbidden`` for others than moderators, for oneself, for a
        moderator's account unless an admin asks, and for an admin's.
        """
        reason = clean_reason(order.reason) if order.reason else ""
        await self._require_may_judge(moderator, order.user_id)
        ban = Ban(
            user_id=order.user_id,
            live_video_id=order.live_video_id,
            until_ms=order.until_ms,
            reason=reason,
            moderator_id=moderator.user_id,
            created_at_ms=self._clock_ms(),
        )
        until = "" if ban.until_ms is None else iso_time(ban.until_ms)
        detail = {"liveVideoId": ban.live_video_id or "", "until": until, "reason": ban.reason}
        await self._audit(moderator, "ban", ban.user_id, {name: value for name, value in detail.items() if value})
        try:
            await self._calls.ask("ban", lambda: self._store.bans.put(ban))
        finally:
            self._cache.forget(ban.user_id)
        return ban

    async def lift(self, moderator: Identity, user_id: str, live_video_id: str | None) -> None:
        """Raises ``Forbidden`` as ``ban`` does, and ``NotFound`` where the user has no ban there."""
        await self._require_may_judge(moderator, user_id)
        bans = await self._read(user_id)
        if not any(ban.live_video_id == live_video_id for ban in bans):
            raise NotFound(f"{user_id} is not banned {_where(live_video_id)}")
        await self._audit(moderator, "unban", user_id, {} if live_video_id is None else {"liveVideoId": live_video_id})
        try:
            await self._calls.ask("unban", lambda: self._store.bans.remove(user_id, live_video_id))
        finally:
            self._cache.forget(user_id)

    async def of_user(self, moderator: Identity, user_id: str) -> Sequence[Ban]:
        """Those that are in force. Raises ``Forbidden``."""
        require_moderator(moderator)
        return self._in_force(await self._read(user_id))

    async def _require_may_judge(self, moderator: Identity, user_id: str) -> None:
        require_moderator(moderator)
        if user_id == moderator.user_id:
            raise Forbidden("nobody judges their own case: ask another moderator")
        account = await self._calls.ask("account", lambda: self._store.accounts.by_user_id(user_id))
        roles = frozenset[str]() if account is None else account.roles
        if ADMIN in roles:
            raise Forbidden("an admin cannot be banned")
        if not MODERATORS.isdisjoint(roles) and not administers(moderator):
            raise Forbidden("a moderator is banned by an admin")

    def _in_force(self, bans: Sequence[Ban]) -> list[Ban]:
        now_ms = self._clock_ms()
        return [ban for ban in bans if ban.until_ms is None or ban.until_ms > now_ms]

    async def _follow(self, _: None) -> None:
        """Forgets whom the store says to have been banned or unbanned since this was last asked."""
        now_ms, since_ms = self._clock_ms(), self._followed_to_ms - _SLACK_MS
        changed: Sequence[str] | None = None
        if now_ms - since_ms < _FOLLOWED_MS:
            changed = await self._calls.ask(
                "ban_changes", lambda: self._store.bans.changed_since(since_ms, _MAX_CHANGED)
            )
        if changed is None or len(changed) >= _MAX_CHANGED:
            self._cache.clear()
        else:
            for user_id in changed:
                self._cache.forget(user_id)
        self._followed_to_ms = now_ms

    async def _read(self, user_id: str) -> Sequence[Ban]:
        return await self._calls.ask("bans", lambda: self._store.bans.of_user(user_id))


def _sentence(ban: Ban) -> str:
    until = "for good" if ban.until_ms is None else f"until {iso_time(ban.until_ms)}"
    reason = f": {ban.reason}" if ban.reason else ""
    return f"you are banned {_where(ban.live_video_id)} {until}{reason}"


def _where(live_video_id: str | None) -> str:
    return "everywhere" if live_video_id is None else f"in {live_video_id}"
