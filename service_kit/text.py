"""Text that people write: normalised, and whether anything of it can be seen. Pure."""

from __future__ import annotations

import unicodedata

import regex

# More than 30 in a row is no writing of any language (the bound of Unicode's annex 15, "Stream-Safe Text Format"), and
# normalising such a pile takes quadratic time: seconds for one body.
_PILE = regex.compile(r"\p{M}{31}")
_LINE_CONTROLS = dict.fromkeys((*range(32), *range(127, 160))) | {0x2028: None, 0x2029: None}
# Letters by category, which show nothing all the same: fillers and the Braille blank.
_BLANK_LETTERS = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
# Separators, controls, format characters (joiners, direction marks) and marks with nothing to sit on.
_UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Me"})
_MAX_LINE_BYTES = 24 * 1024


class TextError(Exception):
    """A text cannot be taken. The message completes a sentence that begins with its field's name: ``is empty``."""


def one_line(text: str, *, max_characters: int) -> str:
    """A name on one line: NFC, without control characters and outer spaces.

    Raises ``TextError`` where nothing would be seen or it is longer than ``max_characters`` code points.
    """
    cleaned = normalised(text.translate(_LINE_CONTROLS), max_bytes=_MAX_LINE_BYTES).strip()
    if not is_seen(cleaned):
        raise TextError("is empty")
    if len(cleaned) > max_characters:
        raise TextError(f"is longer than {max_characters} characters")
    return cleaned


def is_seen(text: str) -> bool:
    """True where at least one character leaves something on the screen."""
    return any(
        character not in _BLANK_LETTERS and unicodedata.category(character) not in _UNSEEN_CATEGORIES
        for character in text
    )


def normalised(text: str, *, max_bytes: int) -> str:
    """``text`` in NFC. Raises ``TextError`` for a lone surrogate, over ``max_bytes`` of UTF-8, and for a pile of marks
    that no writing has."""
    if text.isascii():  # none of it can be amiss
        require_size(text, max_bytes=max_bytes)
        return text
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise TextError("has a lone surrogate, which is no character")
    require_size(text, max_bytes=max_bytes)
    if _PILE.search(text):
        raise TextError("piles more than 30 marks on a character")
    return unicodedata.normalize("NFC", text)


def require_size(text: str, *, max_bytes: int) -> None:
    """Raises ``TextError`` over ``max_bytes`` of UTF-8."""
    if len(text.encode()) > max_bytes:
        raise TextError(f"is over {max_bytes} bytes")
