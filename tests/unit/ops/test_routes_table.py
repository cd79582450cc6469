"""The routing table shows who sees what, and where the sights differ."""

from __future__ import annotations

import io

from rich.console import Console

from ops.commands.routes import Sight, show

OLD, NEW = ("rms-1", "aaaaaaaaaaaa"), ("rms-1", "bbbbbbbbbbbb")


def shown(sights: dict[str, Sight], video: str | None = None) -> list[str]:
    out = io.StringIO()
    show(Console(file=out, width=120, highlight=False), sights, video)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_where_all_agree() -> None:
    sight = Sight({"match-42": frozenset({NEW, ("rms-3", "c")})})
    lines = shown({"ZooKeeper": sight, "dispatcher-1": sight})
    assert lines[1].split() == ["match-42", "rms-1,", "rms-3", "rms-1,", "rms-3"]
    assert lines[2] == "1 video; all agree"


def test_a_missing_route_and_an_old_life_are_differences() -> None:
    zookeeper = Sight({"a": frozenset({NEW}), "b": frozenset({NEW}), "c": frozenset({NEW})})
    dispatcher = Sight({"a": frozenset({NEW}), "b": frozenset({OLD})})
    lines = shown({"ZooKeeper": zookeeper, "dispatcher-1": dispatcher})
    assert lines[1].split() == ["a", "rms-1", "rms-1"]
    assert lines[2].split() == ["b", "rms-1@bbbbbbbb", "rms-1@aaaaaaaa", "differs"]
    assert lines[3].split() == ["c", "rms-1@bbbbbbbb", "–", "differs"]
    assert lines[4] == "3 videos; they differ on 2"


def test_one_that_does_not_answer_is_named() -> None:
    lines = shown({"ZooKeeper": Sight({}), "dispatcher-1": Sight({}, "does not answer (UNAVAILABLE)")}, "match-42")
    assert lines == ["dispatcher-1: does not answer (UNAVAILABLE)", "no RMS serves match-42"]
