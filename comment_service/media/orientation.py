"""Which way up a picture is, by its EXIF block. Pure."""

from __future__ import annotations

import struct

_ORIENTATION_TAG, _SHORT = 0x0112, 3
_MAX_ENTRIES = 512


def orientation(exif: bytes | None) -> int:
    """The tag's value, 1 (as it is) to 8; 1 where the block has none or is malformed. ``exif``: a TIFF structure."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2]) if exif else None
    if exif is None or order is None:
        return 1
    try:
        at = struct.unpack_from(order + "I", exif, 4)[0]
        entries = struct.unpack_from(order + "H", exif, at)[0]
        for number in range(min(entries, _MAX_ENTRIES)):
            tag, kind, count, value = struct.unpack_from(order + "HHIH", exif, at + 2 + 12 * number)
            if (tag, kind, count) == (_ORIENTATION_TAG, _SHORT, 1):
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1
