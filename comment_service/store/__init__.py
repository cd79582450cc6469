"""The store: what the use cases need of one, by noun, and how it fails."""

from __future__ import annotations

from typing import Protocol

from comment_service.store.accounts import AccountStore
from comment_service.store.comments import CommentStore
from comment_service.store.errors import StoreConflict, StoreError, StoreOverloaded, StoreUnavailable
from comment_service.store.media import MediaStore
from comment_service.store.moderation import AuditStore, BanStore, ReportStore
from comment_service.store.reactions import ReactionStore
from comment_service.store.requests import RequestStore
from comment_service.store.videos import VideoStore

__all__ = [
    "AccountStore",
    "AuditStore",
    "BanStore",
    "CommentStore",
    "MediaStore",
    "ReactionStore",
    "ReportStore",
    "RequestStore",
    "Store",
    "StoreConflict",
    "StoreError",
    "StoreOverloaded",
    "StoreUnavailable",
    "VideoStore",
]


class Store(Protocol):
    """Everything that lasts. Every method but ``start`` is for the loop that ``start`` ran on.

    All of them raise ``StoreUnavailable`` and ``StoreOverloaded``, at the call or from what it returns. A write has
    happened, durably, when what it returns is done; it may have happened where that fails.
    """

    @property
    def comments(self) -> CommentStore: ...

    @property
    def reactions(self) -> ReactionStore: ...

    @property
    def videos(self) -> VideoStore: ...

    @property
    def accounts(self) -> AccountStore: ...

    @property
    def bans(self) -> BanStore: ...

    @property
    def reports(self) -> ReportStore: ...

    @property
    def audit(self) -> AuditStore: ...

    @property
    def media(self) -> MediaStore: ...

    @property
    def requests(self) -> RequestStore: ...

    @property
    def waiting_writes(self) -> int:
        """Writes that are queued or under way."""

    @property
    def waiting_reads(self) -> int:
        """Reads that are queued or under way."""

    async def start(self) -> None:
        """Opens the store and brings its schema up to date. Raises ``StoreError`` where it cannot."""

    async def aclose(self) -> None:
        """Finishes the writes that were taken in and closes."""
