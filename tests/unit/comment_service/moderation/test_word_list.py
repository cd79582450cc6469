"""The list of blocked words, and its file."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from comment_service.moderation.words.word_list import MAX_ENTRIES, WordFileError, WordList
from comment_service.reasons import WordFileFault


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "words.txt"
    path.write_text("\ufeff# a comment\n\n  bad \nworse thing\n!!!\n", encoding="utf-8")
    return path


def test_a_word_or_a_phrase_a_line(file: Path) -> None:
    words = WordList(file, ["awful", " "])
    assert len(words) == 3
    assert words.found_in("B4D")
    assert words.found_in("worse... thing")
    assert words.found_in("awful")
    assert not words.found_in("a comment")
    assert not WordList().found_in("bad")


def test_a_changed_file_is_read_again_within_a_second(file: Path) -> None:
    clock = Clock()
    words = WordList(file, ["awful"], now_s=clock)
    file.write_text("dreadful")
    assert not words.found_in("dreadful"), "it looks once a second"
    clock.now += 1.0
    with capture_logs() as logs:
        assert words.found_in("dreadful")
    assert not words.found_in("bad")
    assert words.found_in("awful")
    assert logs == [{"event": "word_file_read", "words": 2, "ignored": 0, "log_level": "info"}]


def test_a_file_that_cannot_be_used_any_more_leaves_the_words_as_they_were(file: Path) -> None:
    clock = Clock()
    words = WordList(file, now_s=clock)
    file.write_bytes(b"\xff\xfe")
    clock.now += 1.0
    with capture_logs() as logs:
        assert words.found_in("bad")
        clock.now += 1.0
        assert words.found_in("bad")
    (log,) = logs
    assert (log["event"], log["reason"]) == ("word_file_kept_old_words", WordFileFault.MALFORMED)
    file.unlink()
    clock.now += 1.0
    with capture_logs() as logs:
        assert words.found_in("bad")
    assert logs[0]["reason"] == WordFileFault.UNREADABLE


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff", "is not UTF-8 at byte 0"),
        (b"x" * 65, "more than 64 characters"),
        (b"a\n" * (MAX_ENTRIES + 1), f"more than {MAX_ENTRIES} entries"),
        (b"# " + b"x" * 1024 * 1024, "is over 1048576 bytes"),
    ],
)
def test_a_file_that_cannot_be_used_at_the_start_is_told_in_one_line(file: Path, content: bytes, says: str) -> None:
    file.write_bytes(content)
    with pytest.raises(WordFileError, match=says):
        WordList(file)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WordFileError, match="cannot be read: No such file"):
        WordList(tmp_path / "none.txt")
