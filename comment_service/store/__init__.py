"""The store of comments: what the use cases need of one, and how it fails."""

from __future__ import annotations

import asyncio
from typing import Protocol

from comment_service.comment import Comment


class StoreError(Exception):
    """One clear line, without the store's own exception classes."""


class StoreUnavailable(StoreError):
    """The store cannot be reached or cannot write. What was asked for may be tried again."""


class StoreOverloaded(StoreError):
    """More waits for the store than may wait. Nothing was taken in."""


class StoreConflict(StoreError):
    """The store has something else under that id."""


class Store(Protocol):
    """Comments by video and id. Every method but ``start`` is for the loop that ``start`` ran on.

    All of them raise ``StoreUnavailable`` and ``StoreOverloaded``, at the call or from what it returns.
    """

    async def start(self) -> None:
        """Opens the store and brings its schema up to date. Raises ``StoreError`` where it cannot."""

    async def aclose(self) -> None:
        """Finishes the writes that were taken in and closes."""

    def add(self, comment: Comment) -> asyncio.Future[None]:
        """Takes a comment in at once, in the order of the calls; the future is done once it is durable.

        The future fails with ``StoreConflict`` where the id is taken. Cancelling it does not stop the write.
        """

    async def get(self, live_video_id: str, comment_id: int) -> Comment | None:
        """The comment, or None where the video has none of that id."""

    async def before(self, live_video_id: str, cursor: int | None, limit: int) -> list[Comment]:
        """Up to ``limit`` comments with ids below ``cursor`` (None: the newest), newest first."""

    async def after(self, live_video_id: str, cursor: int, limit: int) -> list[Comment]:
        """Up to ``limit`` comments with ids above ``cursor``, oldest first."""
