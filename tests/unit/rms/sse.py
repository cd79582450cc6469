"""A parser of event streams, written from the WHATWG HTML standard, section 9.2.6, and from nothing else."""

from __future__ import annotations

import re
from typing import NamedTuple


class Message(NamedTuple):
    type: str
    data: str
    last_event_id: str


class Parsed(NamedTuple):
    messages: list[Message]
    retry_ms: int | None
    comments: int


def parse(stream: bytes) -> Parsed:
    text = stream.decode("utf-8", errors="replace").removeprefix("\ufeff")
    lines = re.split("\r\n|\n|\r", text)
    messages: list[Message] = []
    retry_ms, comments = None, 0
    data, event_type, last_event_id = "", "", ""
    for line in lines[:-1]:  # what follows the last line end is no line yet
        if line == "":
            if data != "":
                messages.append(Message(event_type or "message", data.removesuffix("\n"), last_event_id))
            data, event_type = "", ""
            continue
        if line.startswith(":"):
            comments += 1
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            event_type = value
        elif field == "data":
            data += value + "\n"
        elif field == "id" and "\0" not in value:
            last_event_id = value
        elif field == "retry" and re.fullmatch("[0-9]+", value):
            retry_ms = int(value)
    return Parsed(messages, retry_ms, comments)
