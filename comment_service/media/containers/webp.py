"""WebP: RIFF chunks. https://developers.google.com/speed/webp/docs/riff_container"""

from __future__ import annotations

from collections.abc import Iterator
from struct import pack, unpack_from
from typing import NamedTuple

from comment_service.media.containers.container import Container, Piece, reading
from comment_service.media.faults import Malformed

_HEAD_BYTES = 12  # RIFF, size, WEBP
_FRAME_BYTES = 16  # of an ANMF chunk before its own chunks
_PICTURE = frozenset((b"VP8 ", b"VP8L", b"ALPH"))
_KEPT = _PICTURE | {b"ICCP", b"ANIM"}
_EXIF_FLAG, _XMP_FLAG = 0x08, 0x04


class _Chunk(NamedTuple):
    kind: bytes
    content: memoryview

    def pieces(self) -> list[Piece]:
        padding = b"\0" * (len(self.content) % 2)
        return [self.kind + pack("<I", len(self.content)), self.content, padding]


def read_webp(data: bytes) -> Container:
    """Raises ``Malformed``."""
    pieces: list[Piece] = []
    size: tuple[int, int] | None = None
    exif: bytes | None = None
    frames = pictures = 0
    with reading("WebP"):
        end = 8 + unpack_from("<I", data, 4)[0]
        for chunk in _chunks(memoryview(data), _HEAD_BYTES, end):
            if size is None:
                size = _size(chunk)
            if chunk.kind == b"VP8X":
                flags = chunk.content[0] & ~(_EXIF_FLAG | _XMP_FLAG)
                pieces += _Chunk(chunk.kind, memoryview(bytes((flags,)) + chunk.content[1:10])).pieces()
            elif chunk.kind == b"ANMF":
                frames += 1
                pieces += _frame(chunk.content).pieces()
            elif chunk.kind in _KEPT:
                pieces += chunk.pieces()
            elif chunk.kind == b"EXIF":
                exif = bytes(chunk.content).removeprefix(b"Exif\0\0")
            pictures += chunk.kind in {b"VP8 ", b"VP8L"}
    if size is None or frames + pictures == 0:
        raise Malformed("is a WebP without a picture")
    length = 4 + sum(len(piece) for piece in pieces)
    head = b"RIFF" + pack("<I", length) + b"WEBP"
    return Container("image/webp", *size, max(1, frames), (head, *pieces), exif)


def _chunks(data: memoryview, at: int, end: int) -> Iterator[_Chunk]:
    if end > len(data):
        raise IndexError
    while at < end:
        kind, length = unpack_from("<4sI", data, at)
        at += 8
        if at + length > end:
            raise IndexError
        yield _Chunk(kind, data[at : at + length])
        at += length + length % 2


def _frame(content: memoryview) -> _Chunk:
    """One of an animation, without chunks of its own that are no picture."""
    kept = [content[:_FRAME_BYTES]]
    for chunk in _chunks(content, _FRAME_BYTES, len(content)):
        if chunk.kind in _PICTURE:
            kept += [memoryview(piece) for piece in chunk.pieces()]
    return _Chunk(b"ANMF", memoryview(b"".join(kept)))


def _size(first: _Chunk) -> tuple[int, int]:
    """Width and height by the first chunk, which is VP8X where there is one."""
    content = bytes(first.content[:10])
    if first.kind == b"VP8X":
        return 1 + int.from_bytes(content[4:7], "little"), 1 + int.from_bytes(content[7:10], "little")
    if first.kind == b"VP8L" and content[0] == 0x2F:
        bits = unpack_from("<I", content, 1)[0]
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if first.kind == b"VP8 " and content[3:6] == b"\x9d\x01\x2a":
        width, height = unpack_from("<HH", content, 6)
        return width & 0x3FFF, height & 0x3FFF
    raise Malformed("is no WebP: it does not begin with a picture")
