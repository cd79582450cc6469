from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comment_service.content import MAX_BYTES, MAX_CHARACTERS, clean_content, clean_name
from comment_service.refusal import InvalidArgument
from tests.support.examples import examples

FAMILY = "👩‍👩‍👧‍👦"
FLAG = "🇺🇳"
ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("hello", "hello"),
        ("  hello ", "  hello "),
        ("a\r\nb\rc\u0085d\ne", "a\nb\nc\nd\ne"),
        ("a\tb", "a\tb"),
        ("a\0b\x1bc\x7fd\x9fe", "abcde"),
        ("e\u0301", "\u00e9"),
        ("\u212b", "\u00c5"),
        ("❤\ufe0f", "❤\ufe0f"),
        (FAMILY + ENGLAND, FAMILY + ENGLAND),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("a\u2028b", "a\u2028b"),
    ],
)
def test_what_is_kept(written: str, kept: str) -> None:
    assert clean_content(written) == kept


@pytest.mark.parametrize(
    "character", ["x", "é", "e\u0301\u0302", FAMILY, FLAG, ENGLAND, "👍🏽", "한", "กำ", "\u1112\u1161\u11ab"]
)
def test_a_character_is_what_people_see(character: str) -> None:
    most = character * MAX_CHARACTERS
    assert clean_content(most) == unicodedata.normalize("NFC", most)
    with pytest.raises(InvalidArgument, match=f"content has {MAX_CHARACTERS + 1} characters"):
        clean_content(character * (MAX_CHARACTERS + 1))


@pytest.mark.parametrize(
    "text", ["", " ", "\n\t ", "\u00a0\u3000", "\0\x07", "\u200b\u200d\ufeff", "\u3164", "\u2800", "\u0301"]
)
def test_nothing_to_see_is_empty(text: str) -> None:
    with pytest.raises(InvalidArgument, match="content is empty"):
        clean_content(text)


def test_a_pile_of_marks_is_refused_before_it_costs_time() -> None:
    assert clean_content("x" + "\u0489" * 30)
    with pytest.raises(InvalidArgument, match="piles more than 30 marks"):
        clean_content("x" + "\u0300\u0323" * 16)
    with pytest.raises(InvalidArgument, match="piles more than 30 marks"):
        clean_name("name", "x" + "\u0300\u0323" * 16, max_characters=100)


@pytest.mark.parametrize("text", ["👩\u200d" * 4_000, "x" * (MAX_BYTES + 1), "\U0001d163" * 2_100])
def test_bytes_are_bounded_before_and_after_normalising(text: str) -> None:
    with pytest.raises(InvalidArgument, match=r"content is over|content has \d+ characters"):
        clean_content(text)


def test_a_lone_surrogate_is_no_character() -> None:
    with pytest.raises(InvalidArgument, match="lone surrogate"):
        clean_content("a\ud83d")


@settings(max_examples=examples(100))
@given(st.text(st.characters(categories=None), max_size=700))
def test_any_text_is_cleaned_for_good_or_refused(text: str) -> None:
    try:
        cleaned = clean_content(text)
    except InvalidArgument:
        return
    assert clean_content(cleaned) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    assert not any(unicodedata.category(each) == "Cc" for each in cleaned if each not in "\n\t")
    assert len(cleaned.encode()) <= MAX_BYTES


def test_a_name_is_one_line() -> None:
    assert clean_name("name", " Ada\nLove\tlace\u2028 ", max_characters=100) == "AdaLovelace"
    with pytest.raises(InvalidArgument, match="name is longer than 5 characters"):
        clean_name("name", "Lovelace", max_characters=5)
    with pytest.raises(InvalidArgument, match="name is empty"):
        clean_name("name", "\u200b", max_characters=5)
