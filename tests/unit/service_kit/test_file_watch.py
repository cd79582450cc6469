"""Whether a file has changed, by a clock that the test moves."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from service_kit.file_watch import FileWatch, stamp_of


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_text("before")
    return path


def test_each_change_is_told_once_and_looked_for_once_a_second(file: Path) -> None:
    clock = Clock()
    watch = FileWatch(file, now_s=clock)
    file.write_text("another")
    clock.now_s += 0.9
    assert not watch.changed()
    clock.now_s += 0.1
    assert watch.changed()
    clock.now_s += 1
    assert not watch.changed()
    file.write_text("and another")
    assert not watch.changed(), "not yet"
    clock.now_s += 1
    assert watch.changed()


def test_a_file_of_the_same_size_and_time_in_its_place_is_a_change(file: Path, tmp_path: Path) -> None:
    clock = Clock()
    watch, before = FileWatch(file, now_s=clock), file.stat()
    other = tmp_path / "other"
    other.write_text("beforf")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(file)
    clock.now_s += 1
    assert watch.changed()


def test_going_and_coming_back_are_changes(file: Path) -> None:
    clock = Clock()
    watch = FileWatch(file, now_s=clock)
    file.unlink()
    clock.now_s += 1
    assert watch.changed()
    clock.now_s += 1
    assert not watch.changed()
    file.write_text("back")
    clock.now_s += 1
    assert watch.changed()


def test_of_several_files_any_change_counts(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("x")
    before = stamp_of(file, other)
    assert stamp_of(file, other) == before
    other.write_text("longer")
    assert stamp_of(file, other) != before
    other.unlink()
    with pytest.raises(FileNotFoundError):
        stamp_of(file, other)
