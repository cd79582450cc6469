"""PNG, and APNG with it: chunks. https://www.w3.org/TR/png-3/"""

from __future__ import annotations

from struct import unpack_from

from comment_service.media.containers.container import Container, Piece, reading
from comment_service.media.faults import Malformed

_SIGNATURE_BYTES = 8
_AROUND = 12  # length, type and checksum
_PICTURE = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
_COLOURS = {b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"bKGD"}
_ANIMATION = {b"acTL", b"fcTL", b"fdAT"}
_KEPT = _PICTURE | _COLOURS | _ANIMATION


def read_png(data: bytes) -> Container:
    """Raises ``Malformed``."""
    view = memoryview(data)
    pieces: list[Piece] = [view[:_SIGNATURE_BYTES]]
    at, frames, exif = _SIGNATURE_BYTES, 0, None
    with reading("PNG"):
        _, kind, width, height = unpack_from(">I4sII", data, at)
        if kind != b"IHDR":
            raise Malformed("is no PNG: it has no header")
        while kind != b"IEND":
            length, kind = unpack_from(">I4s", data, at)
            end = at + _AROUND + length
            if end > len(data):
                raise IndexError
            if kind in _KEPT:
                pieces.append(view[at:end])
            elif kind == b"eXIf":
                exif = data[at + 8 : end - 4]
            frames += kind == b"fcTL"
            at = end
    return Container("image/png", width, height, max(1, frames), tuple(pieces), exif)
