"""JPEG: segments behind markers, and entropy-coded scans between them. ITU T.81, annex B."""

from __future__ import annotations

import re
from struct import pack, unpack_from

from comment_service.media.containers.container import Container, Piece, reading
from comment_service.media.faults import Malformed

# Within a scan 0xFF stands before a zero, a restart marker or another 0xFF; anything else ends it.
_SCAN_END = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_START, _END, _SCAN, _EXIF, _COMMENT = 0xD8, 0xD9, 0xDA, 0xE1, 0xFE
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Tables, frames, scans, restart intervals; every APPn but those of `_application` goes.
_KEPT = frozenset(range(0xC0, 0xD0)) | {_SCAN, 0xDB, 0xDC, 0xDD}
# Each scan of a progressive image costs a pass over all of its pixels, however short the scan is.
_MAX_SCANS = 100


def read_jpeg(data: bytes) -> Container:
    """Raises ``Malformed``. What follows the end marker, e.g. a second picture or a film, is left out."""
    view = memoryview(data)
    pieces: list[Piece] = [view[:2]]
    size: tuple[int, int] | None = None
    exif: bytes | None = None
    at, scans = 2, 0
    with reading("JPEG"):
        while True:
            at, marker = _marker(data, at)
            if marker == _END:
                break
            length = unpack_from(">H", data, at)[0]
            end = at + length
            if length < 2 or end > len(data):
                raise IndexError
            if marker in _FRAMES:
                if size is not None:
                    raise Malformed("is no JPEG of one picture")
                height, width = unpack_from(">HH", data, at + 3)
                size = width, height
            if marker == _SCAN:
                scans += 1
                end = _scan_end(data, end)
            if marker == _EXIF and exif is None and data[at + 2 : at + 8] == b"Exif\0\0":
                exif = data[at + 8 : end]
            pieces += _kept(view, marker, at, end)
            at = end
    if size is None or not scans:
        raise Malformed("is no JPEG: it has no picture")
    if scans > _MAX_SCANS:
        raise Malformed(f"has over {_MAX_SCANS} scans")
    return Container("image/jpeg", *size, 1, (*pieces, b"\xff\xd9"), exif)


def _marker(data: bytes, at: int) -> tuple[int, int]:
    """Where the marker's segment begins, and which marker it is."""
    if data[at] != 0xFF:
        raise Malformed("is no JPEG: a marker is missing")
    while data[at] == 0xFF:  # a marker may be filled up with any number of them
        at += 1
    if data[at] in {0x00, 0x01, _START} or 0xD0 <= data[at] <= 0xD7:
        raise Malformed("is no JPEG: it has a marker where none can be")
    return at + 1, data[at]


def _scan_end(data: bytes, at: int) -> int:
    found = _SCAN_END.search(data, at)
    if found is None:
        raise IndexError
    return found.start()


def _kept(view: memoryview, marker: int, at: int, end: int) -> list[Piece]:
    if marker in _KEPT:
        return [bytes((0xFF, marker)), view[at:end]]
    content = bytes(view[at + 2 : end])
    if marker == 0xE0 and content.startswith(b"JFIF\0") and len(content) >= 14:
        # Without its thumbnail, which may show what was cut off the picture.
        return [b"\xff\xe0" + pack(">H", 16) + content[:12] + b"\0\0"]
    if (marker == 0xE2 and content.startswith(b"ICC_PROFILE\0")) or (marker == 0xEE and content.startswith(b"Adobe")):
        return [bytes((0xFF, marker)), view[at:end]]
    return []
