"""Blocked words as a check of what is posted."""

from __future__ import annotations

from comment_service.comments import Draft
from comment_service.moderation.words.word_list import WordList
from comment_service.refusal import BlockedWord
from comment_service.sender import Sender


class BlockedWords:
    """A ``PostCheck``, of posts and edits. Whose they are makes no difference."""

    def __init__(self, words: WordList) -> None:
        self._words = words

    def __len__(self) -> int:
        """How many words and phrases are blocked."""
        return len(self._words)

    async def __call__(self, sender: Sender, draft: Draft) -> None:
        """Raises ``BlockedWord``, which does not say which: that would tell what else to try."""
        if self._words.found_in(draft.content):
            raise BlockedWord("has a word that is not allowed here", field="content")
