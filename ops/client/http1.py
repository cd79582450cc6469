"""One HTTP/1.1 response from bytes: chunked, by length, or until the connection closes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import NamedTuple

from ops.client.errors import ProtocolError

MAX_HEAD_BYTES = 64 * 1024
MAX_CHUNK_LINE_BYTES = 1024


class ResponseHead(NamedTuple):
    """Status line and headers; names in lower case, repeated ones joined with a comma."""

    status: int
    reason: str
    headers: Mapping[str, str]


class ResponseParser:
    """Takes a response's bytes, cut anywhere, and gives its body.

    Attributes:
        head: None until it is complete. Interim (1xx) responses are skipped.
        done: the body is complete. One that lasts as long as its connection is done at ``feed_eof``.
        reusable: the connection may carry another request after this response.
    """

    def __init__(self) -> None:
        self.head: ResponseHead | None = None
        self.done = False
        self.reusable = False
        self._unread = b""
        self._body: _ChunkedBody | _SizedBody | None = None  # None: until the connection closes

    def feed(self, data: bytes) -> bytes:
        """The part of the body that ``data`` brings. Raises ``ProtocolError`` for what is not HTTP/1.1."""
        if self.head is None:
            self._unread += data
            if not self._take_head():
                return b""
            data, self._unread = self._unread, b""
        if self._body is None:
            return b"" if self.done else data
        body = self._body.feed(data)
        self.done = self._body.done
        self.reusable = self.done and not self._body.surplus and not self._closes()
        return body

    def feed_eof(self) -> None:
        """The connection has ended. Raises ``ProtocolError`` where the response is cut short."""
        if not self.done and (self.head is None or self._body is not None):
            raise ProtocolError("the connection ended within a response")
        self.done = True

    def _take_head(self) -> bool:
        while (end := self._unread.find(b"\r\n\r\n")) >= 0:
            head = _parse_head(self._unread[:end])
            self._unread = self._unread[end + 4 :]
            if head.status >= 200:
                self.head, self._body = head, _body_of(head)
                return True
        if len(self._unread) > MAX_HEAD_BYTES:
            raise ProtocolError(f"the response's headers are longer than {MAX_HEAD_BYTES} bytes")
        return False

    def _closes(self) -> bool:
        return self.head is not None and self.head.headers.get("connection", "").lower() == "close"


class _SizedBody:
    def __init__(self, length: int) -> None:
        self._left = length
        self.done = length == 0
        self.surplus = False

    def feed(self, data: bytes) -> bytes:
        body = data[: self._left]
        self._left -= len(body)
        self.done = self._left == 0
        self.surplus = len(body) < len(data)
        return body


class _Chunk(Enum):
    SIZE = auto()
    DATA = auto()
    END = auto()
    TRAILER = auto()


class _ChunkedBody:
    def __init__(self) -> None:
        self.done = False
        self._unread = b""
        self._next = _Chunk.SIZE
        self._left = 0

    @property
    def surplus(self) -> bool:
        return bool(self._unread)

    def feed(self, data: bytes) -> bytes:
        data = self._unread + data if self._unread else data
        body: list[bytes] = []
        at = 0
        while not self.done:
            if self._next is _Chunk.DATA:
                piece = data[at : at + self._left]
                at += len(piece)
                self._left -= len(piece)
                body.append(piece)
                if self._left:
                    break
                self._next = _Chunk.END
            end = data.find(b"\r\n", at)
            if end < 0:
                if len(data) - at > MAX_CHUNK_LINE_BYTES:
                    raise ProtocolError("a line between chunks is too long")
                break
            self._take_line(data[at:end])
            at = end + 2
        self._unread = data[at:]
        return body[0] if len(body) == 1 else b"".join(body)

    def _take_line(self, line: bytes) -> None:
        if self._next is _Chunk.SIZE:
            self._left = _chunk_size(line)
            self._next = _Chunk.DATA if self._left else _Chunk.TRAILER
        elif self._next is _Chunk.END:
            if line:
                raise ProtocolError("a chunk is longer than its size says")
            self._next = _Chunk.SIZE
        else:
            self.done = not line


def _body_of(head: ResponseHead) -> _ChunkedBody | _SizedBody | None:
    if head.status in (204, 304):
        return _SizedBody(0)
    if "chunked" in head.headers.get("transfer-encoding", "").lower():
        return _ChunkedBody()
    length = head.headers.get("content-length")
    if length is None:
        return None
    if not (length.isascii() and length.isdigit()):
        raise ProtocolError(f"bad Content-Length {length[:20]!r}")
    return _SizedBody(int(length))


def _parse_head(raw: bytes) -> ResponseHead:
    status_line, *lines = raw.decode("latin-1").split("\r\n")
    version, _, rest = status_line.partition(" ")
    status, _, reason = rest.partition(" ")
    if not version.startswith("HTTP/1.") or not (status.isascii() and status.isdigit() and len(status) == 3):
        raise ProtocolError(f"not an HTTP/1.1 response: {status_line[:80]!r}")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise ProtocolError(f"not a header: {line[:80]!r}")
        name, value = name.strip().lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return ResponseHead(int(status), reason, headers)


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    if not digits.isalnum():  # int() would also take signs, spaces and underscores
        raise ProtocolError(f"bad chunk size {digits[:20]!r}")
    try:
        return int(digits, 16)
    except ValueError:
        raise ProtocolError(f"bad chunk size {digits[:20]!r}") from None
