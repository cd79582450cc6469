"""Blocked words are found however they are spelled, and nothing else is."""

from __future__ import annotations

import itertools
import string
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from comment_service.moderation.words.confusables import LATIN_OF, LEET
from comment_service.moderation.words.matcher import WordMatcher

WORDS = ["bad", "ass", "cunt", "shit", "hell", "cock", "god", "сука", "坏词", "go away", "Straße"]
MATCHER = WordMatcher(WORDS)
UNHURRIED = settings(deadline=None)

DISGUISED = {
    "as it is": [
        "bad",
        "a bad day",
        "so bad!",
        "(bad)",
        "bad.",
        "«bad»",
        "bad\nday",
        "it is bad, really",
        "bad-looking",
    ],
    "case": ["BAD", "Bad", "bAd", "STRASSE", "strasse"],
    "other forms of letters": ["ｂａｄ", "𝖇𝖆𝖉", "ⓑⓐⓓ", "🅱🅰🅳", "🅑🅐🅓", "ᵇᵃᵈ", "ʙᴀᴅ", "⒝⒜⒟"],
    "accents": ["bád", "b̷a̷d̷", "bäď", "b⃠a⃠d⃠"],
    "nothing between": [
        "b\u200bad",
        "b\u00adad",
        "\u202eb\u2060ad",
        "b\ufe0fad",
        "b\u034fad",
        "b\u180ead",
        "b\u3164ad",
    ],
    "lookalikes": ["bаd", "вad", "βαd", "ʙаԁ", "аѕѕ", "сосk", "соск", "ѕнit", "ѕһіt", "ɑss"],
    "and the other way": ["cукa", "сyка", "СУKА", "сука"],
    "leetspeak": ["b4d", "b@d", "a$$", "a55", "5h1t", "sh!t", "$hit", "c0ck", "h3ll", "he11", "HE1L", "he|l"],
    "signs around": ["bad1", "bad69", "69bad", "bad!!!", "!!bad", "@bad", "$bad$", "#bad"],
    "spelled out": [
        "b a d",
        "b.a.d",
        "b.a d",
        "b  a  d",
        "b - a - d",
        "b\na\nd",
        "b/a/d",
        "b'a'd",
        "s h 1 t",
        "x b a d x",
    ],
    "cut": ["b-ad", "ba_d", "b*a*d", "sh-it", "sh*it", "sh💩it", "b.ad", "ba~d", "as$"],
    "stretched": ["baaad", "bbbaaaddd", "baaaaaaaaaaad", "asssss", "aaass", "heeelll", "b a a a d", "b.aaa.d"],
    "phrases": ["go away", "GO   AWAY!", "go, away", "go\naway", "gooo awaaay", "g0 away", "please go-away now"],
    "without spaces": ["坏词", "这是坏词吗", "坏 词"],
}
INNOCENT = [
    "badminton", "a badge", "class", "Scunthorpe", "assume", "grass", "cockpit", "Hancock", "shell", "hello", "Shitake",
    "good", "goods", "baad", "he'll", "he’ll be there", "shed", "well", "as s", "b ad", "ba d", "pass", "As it is",
    "That's it", "this hit", "was sad", "go", "go on", "away", "gone away", "go back, away", "asks", "A+ for you",
    "3 2 1 go!", "$5", "a 5 5", "4 5 5", "455", "hi!", "I'd", "I'm a dad", "U.S.A.", "what a s", "у неё болит соск",
    "Сук а", "坏", "词", "good 坏 x 词", "👩‍👩‍👧‍👦", "❤️", "🇧🇦🇩", "https://example.org/badge?x=1", "a@b.de", "",
]  # fmt: skip


@pytest.mark.parametrize("text", [text for texts in DISGUISED.values() for text in texts])
def test_a_blocked_word_is_found_however_it_is_spelled(text: str) -> None:
    assert MATCHER.found_in(text), text


@pytest.mark.parametrize("text", INNOCENT)
def test_what_only_looks_a_little_like_it_is_let_through(text: str) -> None:
    assert not MATCHER.found_in(text), text


def test_an_entry_that_has_no_letter_is_ignored_and_counted() -> None:
    matcher = WordMatcher(["!!!", "69", "  ", "bad"])
    assert matcher.ignored == 3
    assert not matcher.found_in("69 !!!")
    assert not WordMatcher([]).found_in("bad")
    assert not WordMatcher(["..."])


def test_entries_may_be_disguised_themselves() -> None:
    matcher = WordMatcher(["B4D", "ｗｏｒｓｅ", "wоrst"])  # a Cyrillic о
    assert all(matcher.found_in(text) for text in ("bad", "worse", "worst", "WΟRST"))


letters = st.sampled_from(string.ascii_lowercase)
words = st.text(letters, min_size=3, max_size=10)


@st.composite
def disguises(draw: st.DrawFn) -> tuple[str, str]:
    """A word without doubled letters, and the same disguised in every way at once."""
    word = draw(words.filter(lambda word: all(a != b for a, b in itertools.pairwise(word))))
    out = []
    for letter in word:
        shape = letter.upper() if draw(st.booleans()) else letter
        ways = [shape, shape + draw(st.sampled_from(["\u200b", "\u0301", "\u00ad", "\ufe0f"]))]
        ways += [chr(ord(letter) - ord("a") + start) for start in (0x1D41A, 0xFF41, 0x24D0)]
        ways += [character for character, latin in LATIN_OF.items() if letter in latin]
        out.append(draw(st.sampled_from(ways)) * draw(st.sampled_from([1, 1, 1, 3, 5])))
    return word, draw(st.sampled_from(["", ".", " ", " - ", "_"])).join(out)


@UNHURRIED
@given(disguises())
def test_no_mix_of_disguises_hides_a_word(disguise: tuple[str, str]) -> None:
    word, text = disguise
    assert WordMatcher([word]).found_in(f"so {text} that")


@UNHURRIED
@given(words, st.text(letters, min_size=0, max_size=4), st.text(letters, min_size=0, max_size=4))
def test_a_word_that_has_a_blocked_one_within_it_is_let_through(word: str, before: str, after: str) -> None:
    other = before + word + after
    stretches = any(a * 3 in other for a in set(other))
    if other != word and not stretches:
        assert not WordMatcher([word]).found_in(f"What an {other}, really")


@UNHURRIED
@given(st.lists(words, max_size=20), st.lists(words, max_size=20))
def test_plain_words_are_blocked_exactly_where_they_are_listed(entries: list[str], text: list[str]) -> None:
    if any(letter * 3 in word for word in text for letter in word):
        return
    assert WordMatcher(entries).found_in(" ".join(text)) == (not set(entries).isdisjoint(text))


@UNHURRIED
@given(st.text(max_size=200))
@example("\ufdfa" * 50)
@example("ß\u0130\u0149\u01f0" * 20)
def test_no_text_is_too_much(text: str) -> None:
    assert MATCHER.found_in(text) in {True, False}
    assert MATCHER.found_in(f"{text}\n.....\nbad\n.....\n{text}")


@UNHURRIED
@given(st.text(st.sampled_from("ab1l|i4@ .-\u200bа"), max_size=300))
def test_however_many_readings_there_are_few_steps_are_taken(text: str) -> None:
    matcher = WordMatcher(["a" * 40, "il" * 20, "ab" * 20, *("".join(p) for p in ("aab", "abb", "ill", "lil"))])
    assert matcher.found_in(text) in {True, False}


def test_tables_are_of_single_letters() -> None:
    assert all(
        len(character) == 1 and set(latin) <= set(string.ascii_lowercase) for character, latin in LATIN_OF.items()
    )
    assert all(set(letters) <= set(string.ascii_lowercase) for letters in LEET.values())
    assert all(unicodedata.normalize("NFKD", character) == character for character in LATIN_OF), "else never looked up"
