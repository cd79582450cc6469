"""``MediaFiles`` in a folder. Several processes may share it."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from comment_service.media.files import CHUNK_BYTES
from comment_service.media.threads import Threads
from comment_service.store import StoreUnavailable

T = TypeVar("T")
# What a process that died left half copied is removed once no process can still be copying it.
_STALE_S = 3600.0


class LocalFiles:
    """``<folder>/ab/cd/abcd…``: by the first bytes of the id, so that no folder has too many entries.

    A file is copied beside the others, synced, and renamed into its place.
    """

    def __init__(self, folder: Path, *, threads: int = 4, max_waiting: int = 1_000) -> None:
        self._folder = folder.absolute()
        self._incoming = self._folder / "incoming"
        self._threads = Threads("media-files", threads=threads, max_waiting=max_waiting)

    @property
    def waiting(self) -> int:
        return self._threads.waiting

    async def start(self) -> None:
        await self._run(self._prepare)

    async def aclose(self) -> None:
        await self._threads.aclose()

    async def put(self, media_id: str, content_type: str, path: Path) -> None:
        await self._run(lambda: self._put(self._path(media_id), path))

    async def open(self, media_id: str) -> LocalFile | None:
        path = self._path(media_id)
        size = await self._run(lambda: _size(path))
        return None if size is None else LocalFile(size, path, self)

    async def delete(self, media_id: str) -> None:
        await self._run(lambda: self._delete(self._path(media_id)))

    async def read(self, path: Path, start: int, length: int) -> bytes:
        """Up to ``length`` bytes of one of its files."""
        return await self._run(lambda: _read(path, start, length))

    def _path(self, media_id: str) -> Path:
        return self._folder / media_id[:2] / media_id[2:4] / media_id

    def _prepare(self) -> None:
        self._incoming.mkdir(parents=True, exist_ok=True)
        for left in self._incoming.iterdir():
            with contextlib.suppress(FileNotFoundError):  # another process has just put it into its place
                if time.time() - left.stat().st_mtime > _STALE_S:
                    left.unlink()

    def _put(self, path: Path, source: Path) -> None:
        if path.exists():
            return
        copy = self._incoming / uuid.uuid4().hex
        try:
            with copy.open("xb") as file:
                with source.open("rb") as original:
                    shutil.copyfileobj(original, file)
                file.flush()
                os.fsync(file.fileno())
            path.parent.mkdir(parents=True, exist_ok=True)
            copy.rename(path)
        finally:
            copy.unlink(missing_ok=True)
        for folder in (path.parent, path.parent.parent, self._folder):
            _sync_folder(folder)

    def _delete(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    async def _run(self, call: Callable[[], T]) -> T:
        try:
            return await self._threads.run(call)
        except OSError as error:
            raise StoreUnavailable(f"the media folder {self._folder} cannot be used: {error.strerror}") from error


@dataclass(frozen=True)
class LocalFile:
    size: int
    path: Path
    files: LocalFiles

    async def read(self, start: int, length: int) -> AsyncIterator[bytes]:
        end = start + length
        while start < end:
            chunk = await self.files.read(self.path, start, min(CHUNK_BYTES, end - start))
            if not chunk:
                raise StoreUnavailable("an image went while it was read")
            yield chunk
            start += len(chunk)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _read(path: Path, start: int, length: int) -> bytes:
    # Opened anew for each chunk: a reader who is slow holds no descriptor.
    with path.open("rb", buffering=0) as file:
        return os.pread(file.fileno(), length, start)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
