"""The command line itself: help that teaches, and what wrong usage and unexpected errors end in."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.cli import invoke

COMMANDS = ("up", "rms", "dispatcher", "comment-service", "xds", "token", "watch", "post", "replay", "routes")


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("LIVECOMMENTS_DATA", str(tmp_path))


def test_the_overview_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["--help"]) == 0
    overview = capsys.readouterr().out
    assert [command for command in COMMANDS if f" {command} " not in overview] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_shows_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke([command, "--help"]) == 0
    assert f"livecomments {command}" in capsys.readouterr().out.partition("Example")[2]


def test_every_setting_of_a_node_is_a_flag_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    invoke(["rms", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert "--rms-max-viewers N Viewers in all" in shown
    assert "[default: 50000]" in shown
    assert "--zookeeper-session-timeout-s N" in shown


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("watch",),
        ("watch", "not a video!"),
        ("watch", "v", "--backlog", "1001"),
        ("watch", "v", "--no-such-flag"),
        ("up", "--port", "0"),
        ("up", "--store", "tape"),
        ("token",),
        ("token", "--user", " "),
        ("token", "--user", "a", "--role", "king"),
        ("replay", "f", "--video", "v", "--speed", "0"),
        ("rms", "--rms-max-viewers", "many"),
        ("comment-service", "--comment-service-store", "tape"),
    ],
)
def test_wrong_usage_is_2(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(arguments) == 2
    assert capsys.readouterr().err


def test_a_wrong_setting_names_its_flag_and_its_variable(capsys: pytest.CaptureFixture[str]) -> None:
    invoke(["rms", "--rms-max-viewers", "many"])
    [line] = capsys.readouterr().err.splitlines()
    assert "LIVECOMMENTS_RMS_MAX_VIEWERS (--rms-max-viewers)" in line


def test_an_unexpected_error_is_one_line_unless_debug(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(given: object) -> None:
        raise RuntimeError("never\nthought of")

    monkeypatch.setattr("ops.commands.tokens.local_cluster", broken)
    assert invoke(["token", "--user", "ada"]) == 1
    assert capsys.readouterr().err == "error: RuntimeError: never thought of (--debug shows where)\n"
    with pytest.raises(RuntimeError):
        invoke(["token", "--user", "ada", "--debug"])


def test_ctrl_c_is_130_without_a_word(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ops.commands.tokens.local_cluster", interrupted)
    assert invoke(["token", "--user", "ada"]) == 130
    assert capsys.readouterr().err == ""
