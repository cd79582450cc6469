"""The use cases of one comment service, put together: what both edges serve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from comment_service.accounts import Accounts, Attempts, Passwords
from comment_service.announcements import Announcements, EventPublisher
from comment_service.audit import Audit
from comment_service.changes import Changes
from comment_service.comment import Comment
from comment_service.comments import Comments, PostCheck
from comment_service.history.history import History
from comment_service.history.page_cache import CacheLimits
from comment_service.media.build import MediaParts
from comment_service.metrics import CommentServiceMetrics
from comment_service.moderation.audit import AuditTrail
from comment_service.moderation.bans import Bans
from comment_service.moderation.blocked_words import BlockedWords
from comment_service.moderation.reports import Reports
from comment_service.moderation.slow_mode import SlowModes
from comment_service.moderation.words.word_list import WordList
from comment_service.rates import Allowances, Rates, SlidingWindows
from comment_service.reactions.announcements import ReactionAnnouncements, ReactionLimits
from comment_service.reactions.reactions import Reactions
from comment_service.store import Store
from comment_service.videos import Videos
from comment_service.watching import WatchingCheck
from service_kit.auth.tickets import Tickets
from service_kit.auth.tokens import TokenSigner, TokenVerifier


@dataclass(frozen=True)
class OwnAccounts:
    """What accounts are made with."""

    signer: TokenSigner
    passwords: Passwords
    attempts: Attempts

    def build(self, store: Store, audit: Audit, metrics: CommentServiceMetrics) -> Accounts:
        """The accounts of ``store``."""
        return Accounts(store, audit, metrics, self.signer, passwords=self.passwords, attempts=self.attempts)


@dataclass(frozen=True)
class ModerationParts:
    """What moderation is made with, besides the store; as ``ModerationSettings``."""

    words: WordList = field(default_factory=WordList)
    ban_cache_s: float = 1.0
    ban_cache: int = 10_000
    slow_mode_users: int = 100_000


@dataclass(frozen=True)
class Services:
    """Each field is one resource's use cases."""

    comments: Comments
    history: History
    changes: Changes
    videos: Videos
    reactions: Reactions
    bans: Bans
    reports: Reports
    slow_modes: SlowModes
    blocked_words: BlockedWords
    audit: AuditTrail
    rates: Rates
    verifier: TokenVerifier
    announcements: Announcements
    accounts: Accounts | None = None
    """None: users come from an outside issuer."""
    read_needs_token: bool = False
    media: MediaParts | None = None
    """None: images are not taken."""

    async def drain(self) -> None:
        """Waits until what was taken in is stored, or refused, and handed to the publisher."""
        await self.announcements.drain()
        await self.reactions.drain()

    def close(self) -> None:
        """Lets go of what they hold besides the store."""
        if self.accounts is not None:
            self.accounts.close()


def build_services(
    store: Store,
    next_id: Callable[[], int],
    publisher: EventPublisher,
    verifier: TokenVerifier,
    metrics: CommentServiceMetrics,
    *,
    media: MediaParts | None = None,
    read_needs_token: bool = False,
    own_accounts: OwnAccounts | None = None,
    tickets: Tickets | None = None,
    edit_window_s: float = 300.0,
    video_cache_s: float = 0.5,
    video_cache: int = 10_000,
    reaction_limits: ReactionLimits | None = None,
    moderation: ModerationParts | None = None,
    rates: Rates | None = None,
    history_limits: CacheLimits | None = None,
) -> Services:
    """Puts them together; acquires nothing.

    ``tickets`` None: who posts need not be watching. ``rates`` None: no limits.
    """
    moderation = moderation or ModerationParts()

    def on_write(comment: Comment) -> None:
        history.written(comment)

    announcements = Announcements(publisher, metrics, on_write=on_write)
    audit = AuditTrail(store, next_id, metrics)
    videos = Videos(
        store, next_id, announcements, metrics, audit=audit, cache_s=video_cache_s, cache_videos=video_cache
    )
    bans = Bans(store, audit, metrics, cache_s=moderation.ban_cache_s, cache_users=moderation.ban_cache)
    words = BlockedWords(moderation.words)
    slow_modes = SlowModes(store, videos, audit, metrics, max_users=moderation.slow_mode_users)
    watching: list[PostCheck] = [] if tickets is None else [WatchingCheck(tickets)]
    checks: list[PostCheck] = [videos.require_going, *watching, bans.require_not_banned, words, slow_modes.take_turn]
    if media is not None:
        media.uploads.checks = [bans.check]
    library = None if media is None else media.library
    comments = Comments(store, next_id, announcements, metrics, media=library, checks=checks)
    history = History(store, comments, metrics, history_limits)
    changes = Changes(
        store,
        comments,
        next_id,
        announcements,
        metrics,
        edit_window_s=edit_window_s,
        checks=[bans.require_not_banned, words],
        after_delete=() if library is None else (library.release,),
        audit=audit,
    )
    reaction_announcements = ReactionAnnouncements(store.reactions, next_id, publisher, metrics, reaction_limits)
    return Services(
        comments=comments,
        history=history,
        changes=changes,
        videos=videos,
        reactions=Reactions(store, reaction_announcements, metrics, checks=[bans.check], on_write=on_write),
        bans=bans,
        reports=Reports(store, comments, changes, bans, next_id=next_id, audit=audit, metrics=metrics),
        slow_modes=slow_modes,
        blocked_words=words,
        audit=audit,
        rates=Rates(Allowances(), SlidingWindows(1)) if rates is None else rates,
        verifier=verifier,
        announcements=announcements,
        accounts=None if own_accounts is None else own_accounts.build(store, audit, metrics),
        read_needs_token=read_needs_token,
        media=media,
    )
