"""Reactions: one a user and comment, and those to a video, which are only counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

Totals = Mapping[str, int]
"""kind → how many; kinds that nobody chose are left out."""


class ReactionStore(Protocol):
    """Totals are exact once what was asked for has ended; a store may be off by what ended in a failure.

    Whoever reacts to a comment has looked that there is one; a store need not notice that there is none.
    """

    async def react(self, live_video_id: str, comment_id: int, user_id: str, kind: str) -> bool:
        """Makes ``kind`` the user's reaction to the comment, in place of another. False where it was that already."""

    async def unreact(self, live_video_id: str, comment_id: int, user_id: str, kind: str) -> bool:
        """Takes the user's reaction back where it is ``kind``. False where it is not."""

    async def totals(self, live_video_id: str, comment_ids: Sequence[int]) -> dict[int, Totals]:
        """Of those of the comments that have any. What ended before the call is in them."""

    async def count_for_video(self, live_video_id: str, added: Totals) -> Totals:
        """Adds to the video's own totals and returns them, those of all comment services together.

        Where they were added and the totals could not be read then, that is no failure: returns ``added``. Where it
        failed they were surely not added, unless it says that this is ``in_doubt``.
        """

    async def of_video(self, live_video_id: str) -> Totals:
        """The video's own totals."""
