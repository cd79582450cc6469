"""What a link writes, gathered over a turn of the loop: one ``send`` for many small frames."""

from __future__ import annotations

import asyncio
from typing import Final

_FLUSH_BYTES: Final = 64 * 1024


class H2Output:
    """Before ``attach`` and after ``detach`` what is written is dropped."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._gathered: list[bytes] = []
        self._gathered_bytes = 0
        self._flushing: asyncio.Handle | None = None

    def attach(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()

    def detach(self) -> None:
        """Hands over what is gathered, and takes no more. Idempotent."""
        self.flush()
        self._transport = None

    @property
    def buffered(self) -> int:
        """Bytes that were written and that the kernel has not taken yet."""
        waiting = 0 if self._transport is None else self._transport.get_write_buffer_size()
        return self._gathered_bytes + waiting

    def write(self, data: bytes) -> None:
        """Sends ``data`` after what was written before, in this turn of the loop or early in the next."""
        if self._transport is None or self._loop is None:
            return
        self._gathered.append(data)
        self._gathered_bytes += len(data)
        if self._gathered_bytes >= _FLUSH_BYTES:
            self.flush()
        elif self._flushing is None:
            self._flushing = self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Hands what is gathered to the transport now."""
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        if self._gathered and self._transport is not None:
            gathered, self._gathered, self._gathered_bytes = self._gathered, [], 0
            self._transport.write(gathered[0] if len(gathered) == 1 else b"".join(gathered))
