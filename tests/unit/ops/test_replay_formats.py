"""Each format of a recorded chat gives the same comments, and a bad file says what is wrong with it, and where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ops.replay.formats import read_recording
from ops.replay.recording import RecordedComment, RecordingError

ADA = RecordedComment(1.5, "Ada", "What a goal ⚽")
BOB = RecordedComment(12.0, "Bob", "offside!")


def write(tmp_path: Path, content: str) -> Path:
    file = tmp_path / "chat.json"
    file.write_text(content, encoding="utf-8")
    return file


def lines(*entries: Any) -> str:
    return "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)


def youtube(offset_ms: str, item: dict[str, Any], *, live: bool = False) -> dict[str, Any]:
    actions = [{"clickTrackingParams": "x"}, {"addChatItemAction": {"item": item}}]
    if live:
        return {"replayChatItemAction": {"actions": actions}, "videoOffsetTimeMsec": offset_ms, "isLive": True}
    return {"replayChatItemAction": {"actions": actions, "videoOffsetTimeMsec": offset_ms}}


def message(author: str, *runs: dict[str, Any]) -> dict[str, Any]:
    return {"message": {"runs": list(runs)}, "authorName": {"simpleText": author}}


def test_json_lines(tmp_path: Path) -> None:
    content = lines(
        {"offset_s": 12, "author": "Bob", "text": "offside!"},
        {"offset_s": 1.5, "author": "Ada", "text": "What a goal ⚽"},
        {"offset_s": 2, "author": "Eve", "text": "  "},
    )
    recording = read_recording(write(tmp_path, "\ufeff\n" + content))
    assert list(recording.comments) == [ADA, BOB]
    assert (recording.skipped, recording.duration_s, recording.authors) == (1, 10.5, 2)


def test_twitch_downloader(tmp_path: Path) -> None:
    chat = {
        "FileInfo": {"Version": {"Major": 1}},
        "streamer": {"name": "x"},
        "comments": [
            {
                "content_offset_seconds": 1.5,
                "commenter": {"display_name": "Ada"},
                "message": {"body": "What a goal ⚽"},
            },
            {"content_offset_seconds": 3, "commenter": None, "message": {"body": "from a deleted account"}},
            {"content_offset_seconds": 12, "commenter": {"name": "Bob"}, "message": {"body": "offside!"}},
        ],
        "video": {"title": "t"},
    }
    for content in (json.dumps(chat), json.dumps(chat, indent=2)):
        recording = read_recording(write(tmp_path, content))
        assert list(recording.comments) == [ADA, BOB]
        assert recording.skipped == 1


@pytest.mark.parametrize("live", [False, True])
def test_yt_dlp(tmp_path: Path, live: bool) -> None:
    ball = {"emoji": {"emojiId": "⚽", "shortcuts": [":soccer:"]}}
    own = {"emoji": {"emojiId": "UC1/2", "shortcuts": [":_fire:", ":fire:"], "isCustomEmoji": True}}
    content = lines(
        youtube("-3000", {"liveChatTextMessageRenderer": message("Eve", {"text": "early "}, own)}, live=live),
        youtube("1500", {"liveChatTextMessageRenderer": message("Ada", {"text": "What a goal "}, ball)}, live=live),
        youtube("2000", {"liveChatPaidStickerRenderer": {"authorName": {"simpleText": "Max"}}}, live=live),
        {"replayChatItemAction": {"actions": [{"markChatItemAsDeletedAction": {}}], "videoOffsetTimeMsec": "3000"}},
        youtube("12000", {"liveChatPaidMessageRenderer": message("Bob", {"text": "offside!"})}, live=live),
    )
    recording = read_recording(write(tmp_path, content))
    assert list(recording.comments) == [RecordedComment(0.0, "Eve", "early :_fire:"), ADA, BOB]
    assert recording.skipped == 2


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "none of the three formats"),
        ("hello\n", "none of the three formats"),
        ('{"a": 1}', "none of the three formats"),
        ('{"comments": []}', "no comments in it"),
        ('{"offset_s": 1, "author": "a", "text": "t"}\n{oops', "line 2: not JSON"),
        ('{"offset_s": 1, "author": "a", "text": "t"}\n[]', "line 2: not a JSON object"),
        ('{"offset_s": 1, "author": "a"}', "line 1: text is missing"),
        ('{"offset_s": 1, "author": 7, "text": "t"}', "line 1: author is not a string"),
        ('{"offset_s": "soon", "author": "a", "text": "t"}', "line 1: offset_s is not a number"),
        ('{"offset_s": NaN, "author": "a", "text": "t"}', "line 1: offset_s is not a number"),
        ('{"comments": [{"commenter": {"name": "a"}, "message": {"body": "t"}}]}', "comment 1: content_offset_seconds"),
    ],
)
def test_a_bad_file_says_what_is_wrong(tmp_path: Path, content: str, says: str) -> None:
    with pytest.raises(RecordingError, match=says):
        read_recording(write(tmp_path, content))


def test_no_file_and_no_text(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="No such file"):
        read_recording(tmp_path / "missing.jsonl")
    binary = tmp_path / "chat.gz"
    binary.write_bytes(b"\x1f\x8b\xff\xfe")
    with pytest.raises(RecordingError, match="not UTF-8"):
        read_recording(binary)
