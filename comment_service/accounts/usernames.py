"""Usernames: what is possible, and when two of them are the same. Pure.

Two names are the same where they differ in case, in the width or form of their characters (Unicode's NFKC), or in
letters of Cyrillic and Greek that look like Latin ones: who is called "Ada" cannot be joined by an "ADA", an "Аda" or
an "Αda". A name has the letters of one script, with the mixtures of Japanese, Chinese and Korean (Unicode's technical
standard 39, "highly restrictive"), of those in use today. Look-alikes within one script (rn and m, l and I) stay two
names, and so do accents.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import regex

from comment_service.refusal import InvalidArgument
from service_kit.text import TextError, normalised

MIN_CHARACTERS = 3
MAX_CHARACTERS = 32
_FIELD = "username"
# Of the "recommended" scripts (Unicode's annex 31, table 5) those that are not mixed with others.
_SCRIPTS = (
    *("Arabic", "Armenian", "Bengali", "Cyrillic", "Devanagari", "Ethiopic", "Georgian", "Greek", "Gujarati"),
    *("Gurmukhi", "Hebrew", "Kannada", "Khmer", "Lao", "Malayalam", "Myanmar", "Oriya", "Sinhala", "Tamil"),
    *("Telugu", "Thaana", "Thai", "Tibetan"),
)
_MIXTURES = (("Latin", "Han", "Hiragana", "Katakana"), ("Latin", "Han", "Bopomofo"), ("Latin", "Han", "Hangul"))
_ONE_SCRIPT = regex.compile(
    "|".join(
        r"[\p{Common}\p{Inherited}" + "".join(rf"\p{{{script}}}" for script in scripts) + "]+"
        for scripts in (*((script,) for script in _SCRIPTS), *_MIXTURES)
    )
)
# A letter or digit first; marks belong to the letter before them. What shows nothing (joiners, fillers) is left out.
_CHARACTERS = regex.compile(r"[[\p{L}\p{Nd}]--\p{DI}][[\p{L}\p{Mn}\p{Mc}\p{Nd}_.\-]--\p{DI}]*", regex.V1)
_LOOK_LATIN = str.maketrans(
    dict(zip("авекмнорстухіјѕһԁԛԝ", "abekmhopctyxijshdqw", strict=True))
    | dict(zip("αβεζηικμνορτυχ", "abezhikmnoptyx", strict=True))
)


@dataclass(frozen=True, slots=True)
class Username:
    """``key`` is what is compared, ``name`` what is shown: the name in NFKC, in the case it was given in."""

    key: str
    name: str


def parse_username(text: str) -> Username:
    """Raises ``InvalidArgument`` for what is none: too short or long, a character that is not a letter, a digit or one
    of ``_ - .``, letters of several scripts."""
    if len(text) > MAX_CHARACTERS * 4:  # before anything is done with it
        raise InvalidArgument(_FIELD, f"is longer than {MAX_CHARACTERS} characters")
    try:
        name = unicodedata.normalize("NFKC", normalised(text, max_bytes=MAX_CHARACTERS * 16))
    except TextError as error:
        raise InvalidArgument(_FIELD, str(error)) from None
    if not MIN_CHARACTERS <= len(name) <= MAX_CHARACTERS:
        raise InvalidArgument(_FIELD, f"is not {MIN_CHARACTERS} to {MAX_CHARACTERS} characters long")
    if not _CHARACTERS.fullmatch(name):
        raise InvalidArgument(_FIELD, "may have letters, digits and _ - . alone, and begins with a letter or digit")
    if not _ONE_SCRIPT.fullmatch(name):
        raise InvalidArgument(_FIELD, "mixes letters of several scripts")
    return Username(_key(name), name)


def _key(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name.casefold())
    return unicodedata.normalize("NFKC", folded.translate(_LOOK_LATIN))
