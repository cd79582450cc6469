"""HTTP/2 frames (RFC 9113): bytes in, frames out, and back. Pure.

Frames that go out are packed by hand: what one flush sends to a group is one ``bytes.join``, see ``data_frames``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import IntEnum
from functools import cache
from struct import Struct
from typing import Final

from rms.reasons import LinkEnd

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
MAX_WINDOW: Final = 2**31 - 1
MAX_STREAM_ID: Final = 2**31 - 1
DEFAULT_WINDOW: Final = 65_535
DEFAULT_FRAME_BYTES: Final = 16_384
"""What a frame may carry unless its receiver said otherwise; we take no larger ones."""
MAX_FRAME_BYTES: Final = 2**24 - 1

DATA: Final = 0x0
HEADERS: Final = 0x1
PRIORITY: Final = 0x2
RST_STREAM: Final = 0x3
SETTINGS: Final = 0x4
PUSH_PROMISE: Final = 0x5
PING: Final = 0x6
GOAWAY: Final = 0x7
WINDOW_UPDATE: Final = 0x8
CONTINUATION: Final = 0x9

END_STREAM: Final = 0x1
ACK: Final = 0x1
END_HEADERS: Final = 0x4
PADDED: Final = 0x8
HAS_PRIORITY: Final = 0x20


class Setting(IntEnum):
    """Identifiers of SETTINGS (RFC 9113, 6.5.2)."""

    HEADER_TABLE_SIZE = 1
    ENABLE_PUSH = 2
    MAX_CONCURRENT_STREAMS = 3
    INITIAL_WINDOW_SIZE = 4
    MAX_FRAME_SIZE = 5
    MAX_HEADER_LIST_SIZE = 6


class ErrorCode(IntEnum):
    """Error codes (RFC 9113, 7), those that are sent here."""

    NO_ERROR = 0
    PROTOCOL_ERROR = 1
    INTERNAL_ERROR = 2
    FLOW_CONTROL_ERROR = 3
    STREAM_CLOSED = 5
    FRAME_SIZE_ERROR = 6
    REFUSED_STREAM = 7
    CANCEL = 8
    COMPRESSION_ERROR = 9
    ENHANCE_YOUR_CALM = 11


class LinkError(Exception):
    """What ends the whole connection, by GOAWAY with ``code``."""

    def __init__(self, code: ErrorCode, detail: str, reason: LinkEnd = LinkEnd.PROTOCOL_ERROR) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.reason = reason


class StreamError(Exception):
    """What ends one stream, by RST_STREAM with ``code``."""

    def __init__(self, stream_id: int, code: ErrorCode, detail: str) -> None:
        super().__init__(detail)
        self.stream_id = stream_id
        self.code = code


Frame = tuple[int, int, int, bytes]
"""Type, flags, stream id, payload."""

_HEAD: Final = Struct(">HBBBL")
_LONG: Final = Struct(">L")
_SETTING: Final = Struct(">HL")


class FrameReader:
    """Cuts a byte stream into frames, whatever pieces it comes in. Holds at most one frame that is not whole yet."""

    def __init__(self, max_frame_bytes: int = DEFAULT_FRAME_BYTES) -> None:
        self._max_frame_bytes = max_frame_bytes
        self._rest = b""
        self._preface_read = False

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that ``data`` completes; to be exhausted before more is fed.

        Raises ``LinkError`` for a preface that is none and for a frame that is too large.
        """
        if self._rest:
            data = self._rest + data
        at, size = 0, len(data)
        if not self._preface_read:
            if not data.startswith(PREFACE[:size]):
                raise LinkError(ErrorCode.PROTOCOL_ERROR, "not the preface of HTTP/2", LinkEnd.NOT_HTTP2)
            if size < len(PREFACE):
                self._rest = data
                return
            self._preface_read = True
            at = len(PREFACE)
        while size - at >= 9:
            high, low, kind, flags, stream_id = _HEAD.unpack_from(data, at)
            end = at + 9 + (high << 8 | low)
            if end - at - 9 > self._max_frame_bytes:
                raise LinkError(ErrorCode.FRAME_SIZE_ERROR, f"a frame is larger than {self._max_frame_bytes} bytes")
            if end > size:
                break
            yield kind, flags, stream_id & MAX_STREAM_ID, data[at + 9 : end]
            at = end
        self._rest = data[at:]


def unpadded(flags: int, payload: bytes) -> bytes:
    """The payload of a frame without its padding. Raises ``LinkError`` where there is more padding than frame."""
    if not flags & PADDED:
        return payload
    if not payload or payload[0] >= len(payload):
        raise LinkError(ErrorCode.PROTOCOL_ERROR, "more padding than frame")
    return payload[1 : len(payload) - payload[0]]


def read_settings(payload: bytes) -> dict[int, int]:
    """Identifiers with their values, of each the last. Raises ``LinkError`` for what no SETTINGS may say."""
    if len(payload) % _SETTING.size:
        raise LinkError(ErrorCode.FRAME_SIZE_ERROR, "SETTINGS of no whole number of settings")
    settings = list(_SETTING.iter_unpack(payload))
    for name, value in settings:
        if name == Setting.ENABLE_PUSH and value > 1:
            raise LinkError(ErrorCode.PROTOCOL_ERROR, "ENABLE_PUSH is 0 or 1")
        if name == Setting.INITIAL_WINDOW_SIZE and value > MAX_WINDOW:
            raise LinkError(ErrorCode.FLOW_CONTROL_ERROR, "INITIAL_WINDOW_SIZE over the limit")
        if name == Setting.MAX_FRAME_SIZE and not DEFAULT_FRAME_BYTES <= value <= MAX_FRAME_BYTES:
            raise LinkError(ErrorCode.PROTOCOL_ERROR, "MAX_FRAME_SIZE out of range")
    return dict(settings)


def read_long(payload: bytes) -> int:
    """The one 32-bit number that a frame consists of. Raises ``LinkError`` for another length."""
    if len(payload) != _LONG.size:
        raise LinkError(ErrorCode.FRAME_SIZE_ERROR, f"{len(payload)} bytes where 4 belong")
    number: int = _LONG.unpack(payload)[0]
    return number


def pack(kind: int, flags: int, stream_id: int, payload: bytes = b"") -> bytes:
    """Any frame."""
    size = len(payload)
    return _HEAD.pack(size >> 8, size & 0xFF, kind, flags, stream_id) + payload


def data_frames(payload: bytes, stream_ids: Iterable[bytes]) -> bytes:
    """One DATA frame with ``payload`` for each stream, one after the other.

    ``stream_ids`` are four bytes each. The frames differ in nothing but those, so they are the separator's turn: the
    bytes between two ids are one payload and the next frame's head. A tenth of a microsecond a stream.
    """
    head = _data_head(len(payload))
    return head + (payload + head).join(stream_ids) + payload


@cache
def _data_head(size: int) -> bytes:
    return _HEAD.pack(size >> 8, size & 0xFF, DATA, 0, 0)[:5]


def end_stream(stream_id: int) -> bytes:
    """An empty DATA frame that ends a stream in order; no window is needed for it."""
    return pack(DATA, END_STREAM, stream_id)


def rst_stream(stream_id: int, code: ErrorCode) -> bytes:
    return pack(RST_STREAM, 0, stream_id, _LONG.pack(code))


def settings(values: Iterable[tuple[Setting, int]]) -> bytes:
    return pack(SETTINGS, 0, 0, b"".join(_SETTING.pack(name, value) for name, value in values))


def window_update(stream_id: int, increment: int) -> bytes:
    return pack(WINDOW_UPDATE, 0, stream_id, _LONG.pack(increment))


def goaway(last_stream_id: int, code: ErrorCode, detail: str = "") -> bytes:
    return pack(GOAWAY, 0, 0, _LONG.pack(last_stream_id) + _LONG.pack(code) + detail.encode())


SETTINGS_ACK: Final = pack(SETTINGS, ACK, 0)
