"""Where the bytes of images are kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

CHUNK_BYTES = 64 * 1024


class MediaFile(Protocol):
    """The bytes of one image, of which there are ``size``."""

    @property
    def size(self) -> int: ...

    def read(self, start: int, length: int) -> AsyncIterator[bytes]:
        """``length`` bytes from ``start`` on, which the file has, in chunks of at most ``CHUNK_BYTES``."""


class MediaFiles(Protocol):
    """Files by media id, each written once and never changed: an id is the hash of the bytes.

    Every method may raise ``StoreUnavailable`` and ``StoreOverloaded``.
    """

    @property
    def waiting(self) -> int:
        """Calls that are queued or under way."""

    async def start(self) -> None: ...

    async def aclose(self) -> None:
        """Finishes what was begun."""

    async def put(self, media_id: str, content_type: str, path: Path) -> None:
        """Keeps a copy of the file, whole or not at all; durable when it returns. Again changes nothing."""

    async def open(self, media_id: str) -> MediaFile | None:
        """None: there is no such file."""

    async def delete(self, media_id: str) -> None:
        """There is no such file from here on, whether or not there was."""
