"""What people write: cleaned, and measured as they see it. Pure."""

from __future__ import annotations

import unicodedata

import regex

from comment_service.refusal import InvalidArgument

MAX_CHARACTERS = 500
# 500 of the longest emoji sequences in use take 21 KB; without a bound, joiners make one character of any length.
MAX_BYTES = 24 * 1024

_CHARACTER = regex.compile(r"\X")
# More than 30 in a row is no writing of any language (the bound of Unicode's annex 15, "Stream-Safe Text Format"), and
# normalising such a pile takes quadratic time: seconds for one body.
_PILE = regex.compile(r"\p{M}{31}")
# Line ends of every kind become \n; other control characters go, but for the tab.
_CONTROLS = {code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if code not in (0x09, 0x0A)} | {
    0x0D: "\n",
    0x85: "\n",
}
_NAME_CONTROLS = dict.fromkeys((*range(32), *range(127, 160))) | {0x2028: None, 0x2029: None}
# Letters by category, which show nothing all the same: fillers and the Braille blank.
_BLANK_LETTERS = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
# Separators, controls, format characters (joiners, direction marks) and marks with nothing to sit on.
_UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Me"})


def clean_content(text: str) -> str:
    """The content of a comment as it is stored: NFC, without control characters, line ends as ``\\n``.

    Joiners, emoji and outer spaces stay. Raises ``InvalidArgument`` (field ``content``) where nothing would be seen,
    where it has a lone surrogate or a pile of over 30 marks on one character, and over ``MAX_CHARACTERS`` characters
    as people see them (grapheme clusters of Unicode's annex 29) or ``MAX_BYTES`` of UTF-8.
    """
    cleaned = _normalised("content", text.replace("\r\n", "\n").translate(_CONTROLS))
    if not is_seen(cleaned):
        raise InvalidArgument("content", "is empty")
    if len(cleaned) > MAX_CHARACTERS:  # code points: never fewer than characters
        characters = sum(1 for _ in _CHARACTER.finditer(cleaned))
        if characters > MAX_CHARACTERS:
            raise InvalidArgument("content", f"has {characters} characters; at most {MAX_CHARACTERS} are possible")
        _require_size("content", cleaned)  # some characters are longer in NFC
    return cleaned


def clean_name(field: str, text: str, *, max_characters: int) -> str:
    """A name on one line: NFC, without control characters and outer spaces.

    Raises ``InvalidArgument`` for ``field`` where nothing would be seen or it is longer than ``max_characters`` code
    points.
    """
    cleaned = _normalised(field, text.translate(_NAME_CONTROLS)).strip()
    if not is_seen(cleaned):
        raise InvalidArgument(field, "is empty")
    if len(cleaned) > max_characters:
        raise InvalidArgument(field, f"is longer than {max_characters} characters")
    return cleaned


def is_seen(text: str) -> bool:
    """True where at least one character leaves something on the screen."""
    return any(
        character not in _BLANK_LETTERS and unicodedata.category(character) not in _UNSEEN_CATEGORIES
        for character in text
    )


def _normalised(field: str, text: str) -> str:
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidArgument(field, "has a lone surrogate, which is no character")
    _require_size(field, text)
    if _PILE.search(text):
        raise InvalidArgument(field, "piles more than 30 marks on a character")
    return unicodedata.normalize("NFC", text)


def _require_size(field: str, text: str) -> None:
    if len(text.encode()) > MAX_BYTES:
        raise InvalidArgument(field, f"is over {MAX_BYTES} bytes")
