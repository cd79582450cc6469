"""The four image formats as containers: what of a file is the picture, and what is only about it. Pure.

Reading one gives the pieces of the file that are kept, as they were: the pixels are not encoded anew. Left out is
everything that is not on a format's own list: EXIF with its places and cameras, XMP, comments, thumbnails, blocks that
nobody knows, and whatever follows the image's end. A colour profile stays, because colours would change without it.
"""

from __future__ import annotations

from collections.abc import Callable

from comment_service.media.containers.container import Container
from comment_service.media.containers.gif import read_gif
from comment_service.media.containers.jpeg import read_jpeg
from comment_service.media.containers.png import read_png
from comment_service.media.containers.webp import read_webp
from comment_service.media.faults import ImageError, MediaFault

__all__ = ["Container", "read_container"]


def read_container(data: bytes) -> Container:
    """Raises ``ImageError``: of no known type, or ``Malformed``."""
    reader = _reader(data)
    if reader is None:
        raise ImageError(MediaFault.UNKNOWN_TYPE, "is neither PNG nor JPEG, GIF or WebP")
    return reader(data)


def _reader(data: bytes) -> Callable[[bytes], Container] | None:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return read_png
    if data.startswith(b"\xff\xd8\xff"):
        return read_jpeg
    if data.startswith((b"GIF87a", b"GIF89a")):
        return read_gif
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return read_webp
    return None
