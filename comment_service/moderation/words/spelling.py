"""A text as the letters that a reader makes out in it, whatever they are disguised as. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import regex

from comment_service.moderation.words.confusables import (
    LATIN_OF,
    LEET,
    LOOKALIKES_OF,
    WHITE_ON_BLACK,
    foreign_script,
)

STRETCHED = 3
"""A letter so many times in a row is stretched ("baaad"). Two are another word: "good" is not "god"."""

# What leaves no mark of its own: accents on letters of any alphabet, joiners, direction marks, fillers.
_UNSEEN = regex.compile(r"(?V1)[[\p{Mn}\p{Me}]&&\p{Script=Inherited}]|[\p{Cf}\u115f\u1160\u17b4\u17b5]")
_SIGNS = "".join(LEET)
_SIGN = f"[{regex.escape(_SIGNS)}]"
_LETTERS = regex.compile(r"[\p{L}\p{M}]+")
# "!" and "|" and "+" after a word are punctuation.
_LETTERS_AND_SIGNS = regex.compile(rf"(?:[\p{{L}}\p{{M}}0-9@$€£¢§¥]|[!|+¡](?={_SIGN}*[\p{{L}}\p{{M}}]))+")
_HAS_SIGN = regex.compile(_SIGN)
_HAS_LETTER = regex.compile(r"\p{L}")
_HAS_STRETCH = regex.compile(rf"(.)\1{{{STRETCHED - 1}}}")
# Written without spaces: any character may begin or end a word.
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
# Between letters that are spelled out one by one ("b . a . d").
_MAX_GAP = 4
_APOSTROPHES = frozenset("'’ʼ`´")
_SENTENCE = frozenset(".,;:!?…")


@dataclass(slots=True)
class Piece:
    """A run of letters, and of signs that may stand for letters; case folded but for lookalikes, which tell by it.

    ``joined``: the next piece may belong to the same word. ``plain``: it can be read in one way alone.
    """

    text: str
    plain: bool
    joined: bool = False


@dataclass(slots=True)
class Letters:
    """Pieces, letter by letter; all lists are of one length.

    ``options``: what each may be. ``begins``, ``ends``: whether a word may begin or end with it. ``joined``: whether
    the next one may belong to the same word.
    """

    options: list[str] = field(default_factory=list)
    begins: list[bool] = field(default_factory=list)
    ends: list[bool] = field(default_factory=list)
    joined: list[bool] = field(default_factory=list)


def readings(text: str) -> Iterator[tuple[Sequence[Piece], frozenset[str]]]:
    """The text as it stands, and where it has digits or signs that may stand for letters, with those as letters.

    Each with the writing systems that it truly uses, which ``spelled`` asks for.
    """
    unfolded = _unfolded(text)
    genuine = _genuine_scripts(unfolded)
    yield _pieces(unfolded, _LETTERS, genuine), genuine
    if _HAS_SIGN.search(unfolded):
        yield _pieces(unfolded, _LETTERS_AND_SIGNS, genuine), genuine


def spelled(pieces: Sequence[Piece], genuine: frozenset[str]) -> Letters:
    """Every letter of ``pieces`` with what it may be."""
    letters = Letters()
    for piece in pieces:
        _spell(piece, genuine, letters)
    return letters


def entry_letters(entry: str) -> str:
    """An entry of a list of words in the form that letters are compared with: one space between words.

    Empty where it has no letters.
    """
    words = []
    for word in _unfolded(entry).split():
        kept = "".join(character for character in word if character in LEET or _LETTERS.fullmatch(character))
        if _HAS_LETTER.search(kept):
            genuine = frozenset(script for script in map(foreign_script, kept) if script)
            words.append("".join(options[0] for options in _options(kept, genuine)))
    return " ".join(words)


def _unfolded(text: str) -> str:
    """Compatibility forms as the letters they are forms of, without accents and what cannot be seen.

    In lower case, but for lookalikes: Greek Η passes for H, and η for n.
    """
    if text.isascii():
        return text.lower()
    letters = _UNSEEN.sub("", unicodedata.normalize("NFKD", text)).translate(WHITE_ON_BLACK)
    letters = unicodedata.normalize("NFC", letters)
    return "".join([letter if letter in LATIN_OF else letter.casefold() for letter in letters])


def _pieces(text: str, pattern: regex.Pattern[str], genuine: frozenset[str]) -> list[Piece]:
    pieces: list[Piece] = []
    end = 0
    with_signs = pattern is _LETTERS_AND_SIGNS
    all_plain = text.isascii() and not _HAS_STRETCH.search(text)
    for match in pattern.finditer(text):
        token = match.group()
        if with_signs and len(token) > 1 and not _HAS_LETTER.search(token):
            continue  # a number is a number; one digit may be a letter among letters ("b 4 d")
        if pieces:
            pieces[-1].joined = _joins(pieces[-1].text, text[end : match.start()], token)
        plain = (token.isalpha() or len(token) == 1) if all_plain else _is_plain(token, genuine)
        pieces.append(Piece(token, plain))
        end = match.end()
    return pieces


def _is_plain(token: str, genuine: frozenset[str]) -> bool:
    if _HAS_SIGN.search(token) or _HAS_STRETCH.search(token) or _UNSPACED.search(token):
        return False
    scripts = {foreign_script(character) for character in token}
    return len(scripts) == 1 and (scripts <= genuine or LATIN_OF.keys().isdisjoint(token))


def _spell(piece: Piece, genuine: frozenset[str], letters: Letters) -> None:
    token = piece.text
    options = list(_options(token, genuine))
    size = len(options)
    unspaced = not token.isascii() and _UNSPACED.search(token) is not None
    # Signs at either end of a word may be part of it or not ("bad1", "$hit"); alone they are no word.
    first = len(token) - len(token.lstrip(_SIGNS))
    last = size - 1 - (len(token) - len(token.rstrip(_SIGNS)))
    is_sign = token in LEET
    letters.options += options
    letters.begins += [(unspaced or n <= first) and not is_sign for n in range(size)]
    letters.ends += [(unspaced or n >= last) and not is_sign for n in range(size)]
    letters.joined += [True] * (size - 1) + [piece.joined]


def _options(token: str, genuine: frozenset[str]) -> Iterator[str]:
    """Letter by letter what each may be."""
    if token.isascii():
        yield from (LEET.get(character, character) for character in token)
        return
    mixed = len({foreign_script(character) for character in token if character.isalpha()}) > 1
    for character in token:
        script, latin, folded = foreign_script(character), LATIN_OF.get(character, ""), character.casefold()
        if latin and (script is None or mixed or script not in genuine):
            yield latin + folded
        elif mixed and folded in LOOKALIKES_OF:
            yield folded + LOOKALIKES_OF[folded]
        else:
            yield LEET.get(folded, folded)


def _genuine_scripts(text: str) -> frozenset[str]:
    """Writing systems that the text truly uses: it has letters of theirs that look like no Latin one."""
    if text.isascii():
        return frozenset()
    scripts = (foreign_script(character) for character in text if character not in LATIN_OF and character.isalpha())
    return frozenset(script for script in scripts if script)


def _joins(before: str, gap: str, after: str) -> bool:
    """Whether what stands around ``gap`` may be pieces of one word."""
    lone_before, lone_after = len(set(before)) == 1, len(set(after)) == 1
    if not (lone_before or lone_after) and gap[-1].isspace():
        return False  # most gaps
    if len(gap) > _MAX_GAP or any(character.isdigit() for character in gap):
        return False
    if lone_before and lone_after:  # b.a d
        return True
    if any(character.isspace() or character in _APOSTROPHES for character in gap):  # he'll is not hell
        return False
    return lone_before or lone_after or _SENTENCE.isdisjoint(gap)
