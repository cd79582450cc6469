"""Where uploads lie until they are judged: a folder of bounded size, this process's own."""

from __future__ import annotations

import shutil
from pathlib import Path

from comment_service.media.threads import Threads
from comment_service.store import StoreOverloaded, StoreUnavailable


class Spool:
    """At most ``max_uploads`` at a time, and ``max_bytes`` of them together: so much is written at most."""

    def __init__(self, folder: Path, *, max_uploads: int, max_bytes: int) -> None:
        self.uploads = 0
        self.bytes = 0
        self._folder = folder.absolute()
        self._max_uploads = max_uploads
        self._max_bytes = max_bytes
        self._made = 0
        self._threads = Threads("media-spool", threads=2, max_waiting=max_uploads)

    async def start(self) -> None:
        """Makes the folder, empty: what a process of this name left behind goes. Raises ``StoreUnavailable``."""
        try:
            await self._threads.run(self._prepare)
        except OSError as error:
            raise StoreUnavailable(f"the spool {self._folder} cannot be used: {error.strerror}") from error

    async def aclose(self) -> None:
        await self._threads.aclose()
        shutil.rmtree(self._folder, ignore_errors=True)

    def open(self) -> SpooledFile:
        """Room for one upload. Raises ``StoreOverloaded``."""
        if self.uploads >= self._max_uploads:
            raise StoreOverloaded(f"{self.uploads} uploads are under way")
        self.uploads += 1
        self._made += 1
        return SpooledFile(self, self._folder / f"{self._made}")

    def take(self, size: int) -> None:
        """Room for so many bytes more of one upload. Raises ``StoreOverloaded``."""
        if self.bytes + size > self._max_bytes:
            raise StoreOverloaded(f"{self.bytes} bytes of uploads are under way")
        self.bytes += size

    async def append(self, path: Path, chunk: bytes) -> None:
        """Raises ``StoreOverloaded`` and ``StoreUnavailable``."""
        try:
            await self._threads.run(lambda: _append(path, chunk))
        except OSError as error:
            raise StoreUnavailable(f"the spool {self._folder} cannot be written: {error.strerror}") from error

    def give_back(self, written: int) -> None:
        """The room of one upload is free again."""
        self.uploads -= 1
        self.bytes -= written

    def _prepare(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True, mode=0o700)


class SpooledFile:
    """One upload: ``source`` as it came, and ``kept`` for what is made of it. ``size``: bytes that came."""

    def __init__(self, spool: Spool, path: Path) -> None:
        self.size = 0
        self.source = path
        self.kept = path.with_suffix(".kept")
        self._spool = spool
        self._open = True
        self._writing = False

    async def append(self, chunk: bytes) -> None:
        """One call at a time. Raises ``StoreOverloaded`` and ``StoreUnavailable``."""
        self._spool.take(len(chunk))
        self.size += len(chunk)
        self._writing = True
        try:
            await self._spool.append(self.source, chunk)
        finally:
            self._writing = False
            if not self._open:
                self._remove()

    def close(self) -> None:
        """Removes both files and gives the room back; after a write that is under way. Idempotent."""
        if self._open:
            self._open = False
            if not self._writing:
                self._remove()

    def _remove(self) -> None:
        self.source.unlink(missing_ok=True)
        self.kept.unlink(missing_ok=True)
        self._spool.give_back(self.size)


def _append(path: Path, chunk: bytes) -> None:
    with path.open("ab", buffering=0) as file:
        file.write(chunk)
