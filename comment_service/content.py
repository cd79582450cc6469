"""What people write: cleaned, and measured as they see it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import regex

from comment_service.refusal import InvalidArgument
from service_kit.text import TextError, is_seen, normalised, one_line, require_size

__all__ = ["MAX_BYTES", "MAX_CHARACTERS", "clean_content", "clean_name", "clean_text", "is_seen"]

MAX_CHARACTERS = 500
# 500 of the longest emoji sequences in use take 21 KB; without a bound, joiners make one character of any length.
MAX_BYTES = 24 * 1024

_CHARACTER = regex.compile(r"\X")
# Line ends of every kind become \n; other control characters go, but for the tab.
_CONTROLS = {code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if code not in (0x09, 0x0A)} | {
    0x0D: "\n",
    0x85: "\n",
}


def clean_content(text: str) -> str:
    """The content of a comment as it is stored: NFC, without control characters, line ends as ``\\n``.

    Joiners, emoji and outer spaces stay. Raises ``InvalidArgument`` (field ``content``) where nothing would be seen,
    where it has a lone surrogate or a pile of over 30 marks on one character, and over ``MAX_CHARACTERS`` characters
    as people see them (grapheme clusters of Unicode's annex 29) or ``MAX_BYTES`` of UTF-8.
    """
    return clean_text("content", text, max_characters=MAX_CHARACTERS)


def clean_text(field: str, text: str, *, max_characters: int) -> str:
    """What people write in ``field``, as ``clean_content`` does it."""
    if text.isascii() and text.isprintable() and len(text) <= max_characters and not text.isspace() and text:
        return text  # most are so: one line that is seen, with nothing to clean
    with _naming(field):
        cleaned = normalised(text.replace("\r\n", "\n").translate(_CONTROLS), max_bytes=MAX_BYTES)
    if not is_seen(cleaned):
        raise InvalidArgument(field, "is empty")
    if len(cleaned) > max_characters:  # code points: never fewer than characters
        characters = sum(1 for _ in _CHARACTER.finditer(cleaned))
        if characters > max_characters:
            raise InvalidArgument(field, f"has {characters} characters; at most {max_characters} are possible")
        with _naming(field):
            require_size(cleaned, max_bytes=MAX_BYTES)  # some characters are longer in NFC
    return cleaned


def clean_name(field: str, text: str, *, max_characters: int) -> str:
    """A name on one line: NFC, without control characters and outer spaces.

    Raises ``InvalidArgument`` for ``field`` where nothing would be seen or it is longer than ``max_characters`` code
    points.
    """
    with _naming(field):
        return one_line(text, max_characters=max_characters)


@contextmanager
def _naming(field: str) -> Iterator[None]:
    try:
        yield
    except TextError as error:
        raise InvalidArgument(field, str(error)) from None
