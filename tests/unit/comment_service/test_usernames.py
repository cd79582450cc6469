"""Which usernames are possible, and which are the same."""

from __future__ import annotations

import pytest

from comment_service.accounts.usernames import parse_username
from comment_service.refusal import InvalidArgument


@pytest.mark.parametrize(
    "username",
    [
        "ada",
        "Ada_Lovelace-1.5",
        "Зоя",
        "ゆうきyuki",
        "김민준",
        "张伟abc",
        "José",
        "ünal99",
        "हिन्दी",
        "x" * 32,
        "7up",
        "אבג",
    ],
)
def test_names_of_the_scripts_in_use(username: str) -> None:
    assert parse_username(username).name == username


@pytest.mark.parametrize(
    ("username", "says"),
    [
        ("ab", "3 to 32 characters"),
        ("", "3 to 32 characters"),
        ("x" * 33, "3 to 32 characters"),
        ("x" * 10_000, "longer than 32"),
        ("ada lovelace", "letters, digits"),
        ("ada\u0000b", "letters, digits"),
        ("ada\u200db", "letters, digits"),
        ("ada\u202eb", "letters, digits"),
        ("ada\u00adb", "letters, digits"),
        ("ada\u3164b", "letters, digits"),
        ("ada\ufe0fb", "letters, digits"),
        ("ada\n", "letters, digits"),
        ("<b>ada</b>", "letters, digits"),
        ("ada😀b", "letters, digits"),
        ("-ada", "begins with a letter"),
        ("\u0301ada", "begins with a letter"),
        ("ada\ud800", "surrogate"),
        ("ada" + "\u0301" * 31, "3 to 32|30 marks"),
        ("аdmin", "several scripts"),  # the first letter is Cyrillic
        ("αdmin", "several scripts"),
        ("Зояzoya", "several scripts"),
        ("ᚠᚢᚦ", "several scripts"),  # runes: nobody's script of today
    ],
)
def test_what_is_no_username_says_why(username: str, says: str) -> None:
    with pytest.raises(InvalidArgument, match=says):
        parse_username(username)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ada", "ADA"),
        ("ada", "Ａｄａ"),  # full width
        ("straße", "STRASSE"),
        ("ſam", "sam"),  # the long s
        ("José", "Jose\u0301"),
        ("ada1", "ada¹"),
        ("coco", "сосо"),  # all of it Cyrillic
        ("TOM", "ТОМ"),  # all of it Cyrillic
        ("zeta", "ΖΕΤΑ"),  # all of it Greek
    ],
)
def test_names_that_look_the_same_are_the_same(one: str, other: str) -> None:
    assert parse_username(one).key == parse_username(other).key


@pytest.mark.parametrize(("one", "other"), [("jose", "josé"), ("ada", "adá"), ("anna", "ana"), ("bill", "biil")])
def test_names_that_differ_are_two(one: str, other: str) -> None:
    assert parse_username(one).key != parse_username(other).key


def test_the_key_is_its_own_key() -> None:
    for username in ("Straße", "ΖΕΤΑ", "Ａｄａ", "İstanbul"):
        key = parse_username(username).key
        assert parse_username(key).key == key
