"""What reading any of the formats gives."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from comment_service.media.faults import Malformed

Piece = bytes | memoryview


@dataclass(frozen=True, slots=True)
class Container:
    """An image without what is only about it.

    ``pieces``, one after the other, are the file to be kept. ``width`` and ``height`` (pixels) and ``frames`` are what
    it says of itself. ``exif``: the TIFF structure of its EXIF block, where it has one.
    """

    content_type: str
    width: int
    height: int
    frames: int
    pieces: tuple[Piece, ...]
    exif: bytes | None = None

    def __post_init__(self) -> None:
        if not self.width or not self.height:
            raise Malformed("has no pixels")


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Whatever runs over the end of the data within it is ``Malformed``."""
    try:
        yield
    except (struct.error, IndexError):
        raise Malformed(f"is no whole {name}: it ends too early") from None
