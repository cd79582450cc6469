"""GIF: blocks of sub-blocks. https://www.w3.org/Graphics/GIF/spec-gif89a.txt"""

from __future__ import annotations

from struct import unpack_from

from comment_service.media.containers.container import Container, Piece, reading
from comment_service.media.faults import Malformed

_TRAILER, _EXTENSION, _IMAGE = 0x3B, 0x21, 0x2C
_TEXT, _CONTROL, _APPLICATION = 0x01, 0xF9, 0xFF
# How often an animation runs: the sub-block 3, 1, low, high, and the end.
_LOOPS = (b"\x0bNETSCAPE2.0\x03\x01", b"\x0bANIMEXTS1.0\x03\x01")
_LOOP_BYTES = 17  # length, name, sub-block, end


def read_gif(data: bytes) -> Container:
    """Raises ``Malformed``."""
    view = memoryview(data)
    with reading("GIF"):
        width, height, flags = unpack_from("<HHB", data, 6)
        at = 13 + _table_bytes(flags)
        pieces: list[Piece] = [view[:at]]
        control: list[Piece] = []  # of the next image; a text that is left out takes it along
        frames = 0
        while (kind := data[at]) != _TRAILER:
            label = data[at + 1] if kind == _EXTENSION else None
            end = _sub_blocks_end(data, at + 2) if kind == _EXTENSION else _image_end(data, at)
            if kind == _IMAGE:
                pieces += [*control, view[at:end]]
                frames += 1
            elif label == _APPLICATION and end - at - 2 == _LOOP_BYTES and data.startswith(_LOOPS, at + 2):
                pieces.append(view[at:end])
            if label == _CONTROL:
                control = [view[at:end]]
            elif label in {None, _TEXT}:
                control = []
            at = end
    if not frames:
        raise Malformed("is a GIF without a picture")
    return Container("image/gif", width, height, frames, (*pieces, b"\x3b"))


def _image_end(data: bytes, at: int) -> int:
    if data[at] != _IMAGE:
        raise Malformed("is no GIF: it has a block of no known kind")
    return _sub_blocks_end(data, at + 11 + _table_bytes(data[at + 9]))


def _sub_blocks_end(data: bytes, at: int) -> int:
    while length := data[at]:
        at += 1 + length
    return at + 1


def _table_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0
