"""The three formats of recorded chats, told apart by their content.

- JSON lines: ``{"offset_s": 12.5, "author": "Ada", "text": "What a goal"}``.
- TwitchDownloader's JSON: one object whose ``comments`` have ``content_offset_seconds``, ``commenter.display_name``
  and ``message.body``.
- yt-dlp's ``live_chat.json``: JSON lines of ``replayChatItemAction``, with ``videoOffsetTimeMsec`` inside it, or
  beside it where the chat was recorded live.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ops.replay.recording import RecordedComment, Recording, RecordingError

MAX_FILE_BYTES = 1024 * 1024 * 1024
# YouTube's kinds of entries that carry a message.
MESSAGE_RENDERERS = ("liveChatTextMessageRenderer", "liveChatPaidMessageRenderer", "liveChatMembershipItemRenderer")


class _EntryError(Exception):
    """What is wrong with one entry; where it stands is added outside."""


def read_recording(file: Path) -> Recording:
    """Reads a recorded chat of any of the formats. Raises ``RecordingError``."""
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            raise RecordingError(f"{file}: larger than {MAX_FILE_BYTES >> 20} MiB")
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise RecordingError(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise RecordingError(f"{file}: not UTF-8 text") from None
    entries = list(_entries(file, text))
    comments = [comment for comment in entries if comment is not None and comment.text.strip()]
    if not comments:
        raise RecordingError(f"{file}: no comments in it")
    comments.sort(key=lambda comment: comment.offset_s)
    return Recording(comments, skipped=len(entries) - len(comments))


def _entries(file: Path, text: str) -> Iterator[RecordedComment | None]:
    """A comment for each entry of the file, None for an entry that is none."""
    first = _first_line(text)
    if isinstance(first, dict) and "offset_s" in first:
        yield from _json_lines(file, text, _plain)
    elif isinstance(first, dict) and ("replayChatItemAction" in first or "clickTrackingParams" in first):
        yield from _json_lines(file, text, _youtube)
    else:
        yield from _twitch(file, text)


def _first_line(text: str) -> object:
    line = text.lstrip().partition("\n")[0]
    try:
        return json.loads(line)
    except ValueError:
        return None


def _json_lines(
    file: Path, text: str, understand: Callable[[Any], RecordedComment | None]
) -> Iterator[RecordedComment | None]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield understand(json.loads(line))
        except (ValueError, _EntryError) as error:
            what = "not JSON" if isinstance(error, ValueError) else error
            raise RecordingError(f"{file}, line {number}: {what}") from None


def _plain(entry: Any) -> RecordedComment:
    if not isinstance(entry, dict):
        raise _EntryError("not a JSON object")
    return RecordedComment(_seconds(entry.get("offset_s"), "offset_s"), _text(entry, "author"), _text(entry, "text"))


def _twitch(file: Path, text: str) -> Iterator[RecordedComment | None]:
    try:
        chat = json.loads(text)
    except ValueError:
        chat = None
    if not isinstance(chat, dict) or not isinstance(chat.get("comments"), list):
        raise RecordingError(
            f"{file}: none of the three formats (JSON lines with offset_s, author and text; "
            "TwitchDownloader's JSON; yt-dlp's live_chat.json)"
        )
    for number, entry in enumerate(chat["comments"], start=1):
        try:
            commenter, message = entry["commenter"], entry["message"]
            author = commenter.get("display_name") or commenter["name"]
            yield RecordedComment(
                _seconds(entry.get("content_offset_seconds"), "content_offset_seconds"), author, message["body"]
            )
        except (KeyError, TypeError, AttributeError):
            yield None  # a deleted account has no commenter
        except _EntryError as error:
            raise RecordingError(f"{file}, comment {number}: {error}") from None


def _youtube(entry: Any) -> RecordedComment | None:
    try:
        replay = entry["replayChatItemAction"]
        message = _youtube_message(replay["actions"])
        text = "".join(run["text"] if "text" in run else _emoji(run["emoji"]) for run in message["message"]["runs"])
        author = message["authorName"]["simpleText"]
        offset_ms = replay.get("videoOffsetTimeMsec", entry.get("videoOffsetTimeMsec"))
    except (KeyError, TypeError, AttributeError):
        return None  # a deletion, a gift, a poll, a sticker: no message with an author
    return RecordedComment(_seconds(offset_ms, "videoOffsetTimeMsec") / 1000, author, text)


def _youtube_message(actions: list[dict[str, Any]]) -> Any:
    for action in actions:
        item = action.get("addChatItemAction", {}).get("item", {})
        for kind in MESSAGE_RENDERERS:
            if kind in item:
                return item[kind]
    raise KeyError


def _emoji(emoji: dict[str, Any]) -> str:
    """The character itself, or the shortcut (``:fire:``) of one that is only a picture."""
    if emoji.get("isCustomEmoji"):
        return str(emoji["shortcuts"][0])
    return str(emoji["emojiId"])


def _seconds(value: object, name: str) -> float:
    """A number or its text. Before the start counts as the start: chats are recorded from before it."""
    try:
        number = float(value) if isinstance(value, int | float | str) else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise _EntryError(f"{name} is {'missing' if value is None else 'not a number'}")
    return max(0.0, number)


def _text(entry: dict[str, Any], name: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str):
        raise _EntryError(f"{name} is {'missing' if value is None else 'not a string'}")
    return value
