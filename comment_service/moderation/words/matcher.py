"""A list of words, compiled, and the search for any of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from comment_service.moderation.words.spelling import STRETCHED, Letters, entry_letters, readings, spelled

_END = ""
_GAP = " "

Node = dict[str, Any]
"""letter → the node that it leads to; ``_END`` is there where a word ends."""
States = dict[int, Node]
"""Nodes that have been reached, each once, by their identity."""


class WordMatcher:
    """Finds any of ``entries`` (words, or phrases with spaces) in a text, however it is spelled.

    As whole words alone: a word that has a blocked one within it is another word. Takes time in proportion to the
    text, whatever is in it. ``ignored`` counts entries that have no letter.
    """

    def __init__(self, entries: Iterable[str] = ()) -> None:
        self.ignored = 0
        self._root: Node = {}
        self._first_words: set[str] = set()
        for entry in entries:
            if letters := entry_letters(entry):
                self._insert(letters)
            else:
                self.ignored += 1

    def __bool__(self) -> bool:
        """False where nothing can be found."""
        return bool(self._root)

    def found_in(self, text: str) -> bool:
        """True where the text has at least one of the words."""
        if not self._root:
            return False
        for pieces, genuine in readings(text):
            # Nearly all comments are plain words that no entry begins with, and need not be searched letter by letter.
            if (
                any(piece.joined or not piece.plain or piece.text in self._first_words for piece in pieces)
                and _Search(self._root, spelled(pieces, genuine)).succeeds()
            ):
                return True
        return False

    def _insert(self, letters: str) -> None:
        self._first_words.add(letters.partition(_GAP)[0])
        node = self._root
        for letter in letters:
            node = node.setdefault(letter, {})
        node[_END] = {}


class _Search:
    """Walks letter by letter, with all nodes of the trie that what came before may have led to."""

    def __init__(self, root: Node, letters: Letters) -> None:
        self._root = root
        self._letters = letters
        self._at: list[States | None] = [None] * len(letters.options)

    def succeeds(self) -> bool:
        """True where a word is in it."""
        letters, root, at = self._letters, self._root, self._at
        for n, options in enumerate(letters.options):
            states = at[n]
            if letters.begins[n]:
                states = {} if states is None else states
                states[id(root)] = root
            if states is None:
                continue
            if self._arrive(n, _steps(states, options)) or self._stretch(n, states):
                return True
        return False

    def _stretch(self, n: int, states: States) -> bool:
        """A letter many times over counts as any number of it that a word has."""
        last = self._end_of_run(n)
        if last - n < STRETCHED - 1:
            return False
        reached: States = {}
        for _ in range(last - n + 1):
            states = _steps(states, self._letters.options[n])
            if not states:
                break
            reached |= states
        return self._arrive(last, reached)

    def _end_of_run(self, n: int) -> int:
        options, joined = self._letters.options, self._letters.joined
        if n and joined[n - 1] and options[n - 1] == options[n]:
            return n  # it began earlier
        while joined[n] and options[n + 1] == options[n]:
            n += 1
        return n

    def _arrive(self, n: int, states: States) -> bool:
        """The letter ``n`` has led to ``states``: true where a word ends there, else they wait at the next letter."""
        if not states:
            return False
        letters = self._letters
        if letters.ends[n] and any(_END in node for node in states.values()):
            return True
        if n + 1 < len(letters.options):
            if letters.ends[n]:
                self._wait(n + 1, _steps(states, _GAP))
            if letters.joined[n]:
                self._wait(n + 1, states)
        return False

    def _wait(self, n: int, states: States) -> None:
        if (waiting := self._at[n]) is None:
            self._at[n] = states
        else:
            waiting |= states


def _steps(states: States, options: str) -> States:
    return {
        id(after): after for node in states.values() for letter in options if (after := node.get(letter)) is not None
    }
