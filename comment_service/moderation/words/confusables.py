"""Letters that look like Latin ones, and characters that stand for letters in leetspeak. Pure.

A small choice out of Unicode's confusables: what looks like a letter of the alphabet at the size of a comment. Forms
that Unicode itself maps to a letter (full width, mathematical, circled, superscript) are not in it.
"""

from __future__ import annotations

from collections.abc import Mapping

_LOOKALIKES = {
    "a": "аАαΑɑᴀᎪ",
    "b": "вВьЬβΒʙɓƅᏏᏴ",
    "c": "сСᴄɕᏟ",
    "d": "ԁԀᴅđɖɗᎠ",
    "e": "еЕєЄҽεΕᴇɛəᎬ",
    "f": "ϝϜꜰƒ",
    "g": "ԍԌɡɢցᏀ",
    "h": "һҺнНΗհʜħɦᎻ",
    "i": "іІӏӀιΙɪıɩɨᎥ",
    "j": "јЈϳᴊɉᎫ",
    "k": "кКκΚᴋƙᏦ",
    "l": "ӏӀʟłɭᏞ",
    "m": "мМΜᴍɱᎷ",
    "n": "пПηΝոռɴŋɲ",
    "o": "оОοΟσօՕᴏøɵ",
    "p": "рРρΡᴘƥᏢ",
    "q": "ԛԚզɋ",
    "r": "гГʀɾɽяЯᎡ",
    "s": "ѕЅꜱʂՏᏚ",
    "t": "тТτΤᴛŧƭᎢ",
    "u": "υμսՍᴜʊʋ",
    "v": "ѵѴνᴠᏙ",
    "w": "ѡѠԝԜшШωᴡɯᎳ",
    "x": "хХҳχΧ",
    "y": "уУүҮγΥʏɏᎩ",
    "z": "ζΖʐᴢƶᏃ",
}
# White letters on black discs and on black squares: signs, not letters, to Unicode; 26 in a row, beginning here.
_WHITE_ON_BLACK = (0x1F150, 0x1F170)

LATIN_OF: Mapping[str, str] = {
    **{
        character: "".join(letter for letter, characters in _LOOKALIKES.items() if character in characters)
        for character in "".join(_LOOKALIKES.values())
    },
}
"""Lookalike → the Latin letters that it may pass for, in lower case."""

WHITE_ON_BLACK: Mapping[int, str] = {start + n: chr(ord("a") + n) for start in _WHITE_ON_BLACK for n in range(26)}
"""Letters that Unicode takes for signs, by code point."""

LOOKALIKES_OF: Mapping[str, str] = {
    letter: "".join(dict.fromkeys(character.casefold() for character in characters))
    for letter, characters in _LOOKALIKES.items()
}
"""Latin letter → its lookalikes, in lower case."""

LEET: Mapping[str, str] = {
    "0": "o", "1": "il", "2": "z", "3": "e", "4": "a", "5": "s", "6": "g", "7": "t", "8": "b", "9": "g",
    "@": "a", "$": "s", "!": "i", "|": "il", "+": "t", "€": "e", "£": "l", "¡": "i", "¢": "c", "§": "s", "¥": "y",
}  # fmt: skip
"""Character → the letters it may stand for."""

# Writing systems with lookalikes: the first and the last code point of each.
_SCRIPTS = {
    "greek": (0x370, 0x3FF),
    "cyrillic": (0x400, 0x52F),
    "armenian": (0x530, 0x58F),
    "cherokee": (0x13A0, 0x13FF),
}


def foreign_script(character: str) -> str | None:
    """The writing system that a letter belongs to, of those with letters that look Latin; None for any other."""
    code = ord(character)
    if code < 0x370:
        return None
    return next((name for name, (first, last) in _SCRIPTS.items() if first <= code <= last), None)
