"""Server-Sent Events frames: pure functions from events to the bytes that viewers get.

The format is the WHATWG HTML standard's "Server-sent events", section 9.2.5. Whatever the text, a conforming parser
gets back exactly one event with that text, save that a line end of any kind (LF, CR, CRLF) comes back as LF, as the
format has no way to keep the kind. NUL, U+2028, U+2029 and U+FEFF are text like any other. What is not UTF-8 (a lone
surrogate, a cut character) is replaced with U+FFFD here, so that every viewer sees the same.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from rms.reasons import ResyncReason

COMMENT: Final = "comment"
EDIT: Final = "edit"
DELETE: Final = "delete"
REACTIONS: Final = "reactions"
VIEWERS: Final = "viewers"
TICKET: Final = "ticket"
RESYNC: Final = "resync"
RECONNECT: Final = "reconnect"
END: Final = "end"

CHANGES: Final = (EDIT, DELETE)
"""What happens to a comment after it was said."""

_LINE_END: Final = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Frame:
    """One event as viewers get it.

    ``event_id`` tells repeats apart and orders a flush; 0 where the event has none. ``data`` is the whole encoded
    frame, its blank line included; b"" for a comment that was deleted since.
    """

    kind: str
    event_id: int
    data: bytes


def encode(kind: str, data: bytes, event_id: int = 0) -> Frame:
    """The frame of one event; ``data`` is the text of its ``data:`` field, usually JSON, in UTF-8.

    Only a comment carries an ``id:`` line: it is where a viewer that comes back goes on.
    Raises ``ValueError`` for a ``kind`` that is not lower-case letters, or a negative id.
    """
    if not (kind.isascii() and kind.isalpha() and kind.islower()) or event_id < 0:
        raise ValueError(f"not an event: kind {kind!r}, id {event_id}")
    lines = _LINE_END.split(_utf8(data))
    id_line = b"id: %d\n" % event_id if kind == COMMENT and event_id else b""
    text = b"".join(b"data: %s\n" % line for line in lines)
    return Frame(kind, event_id, b"event: %s\n%s%s\n" % (kind.encode(), id_line, text))


def opening(retry_ms: int) -> bytes:
    """The first bytes of a stream: how long the browser waits before it comes back, once it is cut off."""
    return b"retry: %d\n\n" % retry_ms


HEARTBEAT: Final = Frame("heartbeat", 0, b":\n\n")
"""A comment line: proof of life that no parser reports."""


def resync_frame(after: int, reason: ResyncReason) -> Frame:
    """Something was missed. Whoever reads all comments with an id over ``after`` by REST has everything."""
    return _json_frame(RESYNC, {"after": str(after), "reason": reason.value})


def reconnect_frame(after_ms: int) -> Frame:
    """This node is draining: the connection closes next; come back after ``after_ms``."""
    return _json_frame(RECONNECT, {"afterMs": after_ms})


def end_frame(event_id: int = 0) -> Frame:
    """The video ended."""
    return encode(END, b"{}", event_id)


def viewers_frame(count: int) -> Frame:
    """How many are watching, all nodes together."""
    return _json_frame(VIEWERS, {"count": count})


def ticket_frame(ticket: str, expires_at_s: int) -> Frame:
    """What shows until ``expires_at_s``, in seconds since 1970, that somebody is watching."""
    ends = datetime.fromtimestamp(expires_at_s, UTC)
    return _json_frame(TICKET, {"ticket": ticket, "expiresAt": f"{ends:%Y-%m-%dT%H:%M:%S}Z"})


def _json_frame(kind: str, value: dict[str, object]) -> Frame:
    return encode(kind, json.dumps(value, separators=(",", ":")).encode())


def _utf8(data: bytes) -> bytes:
    try:
        data.decode()
    except UnicodeDecodeError:
        return data.decode(errors="replace").encode()
    return data
