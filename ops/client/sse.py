"""Server-Sent Events from bytes, as the WHATWG HTML standard defines them (section 9.2.6). Pure."""

from __future__ import annotations

from typing import NamedTuple

from ops.client.errors import ProtocolError

MAX_EVENT_BYTES = 4 * 1024 * 1024
BOM = b"\xef\xbb\xbf"
COLON = ord(":")


class SseEvent(NamedTuple):
    """One dispatched event.

    Attributes:
        event: its type, ``message`` where the stream names none.
        data: its data, lines joined with newlines.
        last_event_id: the last ``id:`` of the stream up to this event, which need not be this event's own.
    """

    event: str
    data: str
    last_event_id: str


class SseParser:
    """Takes the stream's bytes, cut anywhere, and gives its events.

    Attributes:
        last_event_id: the last ``id:`` seen, empty before the first; what a reconnection sends.
        retry_ms: the last ``retry:`` seen, None before the first.
    """

    __slots__ = (
        "_after_cr",
        "_data",
        "_event",
        "_id",
        "_max",
        "_pending",
        "_rest",
        "_start",
        "last_event_id",
        "retry_ms",
    )

    def __init__(self, *, last_event_id: str = "", max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self.last_event_id = last_event_id
        self.retry_ms: int | None = None
        self._id = last_event_id
        self._event = ""
        self._data: list[str] = []
        self._pending = 0  # bytes of the event being read
        self._rest = b""  # an unfinished line
        self._after_cr = False  # the last chunk ended in CR: an LF now belongs to it
        self._start = True  # a byte order mark may still come
        self._max = max_event_bytes

    def feed(self, chunk: bytes) -> list[SseEvent]:
        """The events that ``chunk`` completes. Raises ``ProtocolError`` when one grows beyond the limit."""
        if not chunk:
            return []
        if self._after_cr:
            self._after_cr = False
            chunk = chunk.removeprefix(b"\n")
        data = self._rest + chunk if self._rest else chunk
        if self._start:
            if len(data) < len(BOM) and BOM.startswith(data):
                self._rest = data
                return []
            data = data.removeprefix(BOM)
            self._start = False
        lines = data.splitlines()  # of bytes: at LF, CR and CRLF alone
        if data.endswith((b"\n", b"\r")):
            self._rest = b""
            self._after_cr = data.endswith(b"\r")
        else:
            self._rest = lines.pop() if lines else b""
        events: list[SseEvent] = []
        for line in lines:
            if line:
                self._take(line)
            elif (event := self._dispatch()) is not None:
                events.append(event)
        if self._pending + len(self._rest) > self._max:
            raise ProtocolError(f"an event of the stream is longer than {self._max} bytes")
        return events

    def _take(self, line: bytes) -> None:
        if line[0] == COLON:
            return
        self._pending += len(line)
        field, _, value = line.partition(b":")
        text = value.decode("utf-8", "replace").removeprefix(" ")
        if field == b"data":
            self._data.append(text)
        elif field == b"event":
            self._event = text
        elif field == b"id":
            if "\0" not in text:
                self._id = text
        elif field == b"retry" and text.isascii() and text.isdigit():
            self.retry_ms = int(text)

    def _dispatch(self) -> SseEvent | None:
        self.last_event_id = self._id
        data, event = self._data, self._event
        self._data, self._event, self._pending = [], "", 0
        if not data:
            return None
        return SseEvent(event or "message", "\n".join(data), self._id)
