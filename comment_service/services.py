"""The use cases of one comment service, put together: what both edges serve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from comment_service.accounts import Accounts, Attempts, Passwords
from comment_service.announcements import Announcements, EventPublisher
from comment_service.audit import Audit, no_audit
from comment_service.changes import Changes
from comment_service.comments import Comments, PostCheck
from comment_service.media.build import MediaParts
from comment_service.metrics import CommentServiceMetrics
from comment_service.reaction_announcements import ReactionAnnouncements, ReactionLimits
from comment_service.reactions import Reactions
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

    def build(self, store: Store, next_id: Callable[[], int], metrics: CommentServiceMetrics) -> Accounts:
        """The accounts of ``store``."""
        return Accounts(store, next_id, metrics, self.signer, passwords=self.passwords, attempts=self.attempts)


@dataclass(frozen=True)
class Services:
    """Each field is one resource's use cases."""

    comments: Comments
    changes: Changes
    videos: Videos
    reactions: Reactions
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
    audit: Audit = no_audit,
    reaction_limits: ReactionLimits | None = None,
) -> Services:
    """Puts them together; acquires nothing. ``tickets`` None: who posts need not be watching."""
    announcements = Announcements(publisher, metrics)
    videos = Videos(
        store, next_id, announcements, metrics, audit=audit, cache_s=video_cache_s, cache_videos=video_cache
    )
    checks: list[PostCheck] = [videos.require_going]
    if tickets is not None:
        checks.append(WatchingCheck(tickets))
    library = None if media is None else media.library
    comments = Comments(store, next_id, announcements, metrics, media=library, checks=checks)
    changes = Changes(
        store,
        comments,
        next_id,
        announcements,
        metrics,
        edit_window_s=edit_window_s,
        after_delete=() if library is None else (library.release,),
        audit=audit,
    )
    reaction_announcements = ReactionAnnouncements(store.reactions, next_id, publisher, metrics, reaction_limits)
    return Services(
        comments=comments,
        changes=changes,
        videos=videos,
        reactions=Reactions(store, reaction_announcements, metrics),
        verifier=verifier,
        announcements=announcements,
        accounts=None if own_accounts is None else own_accounts.build(store, next_id, metrics),
        read_needs_token=read_needs_token,
        media=media,
    )
