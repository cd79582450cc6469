"""A way to one server that a test can cut, while others still reach that server."""

from __future__ import annotations

import asyncio
import contextlib

from ops.local_cluster.ports import free_port


class TcpProxy:
    """Forwards connections to ``host:port`` of ``target``. Cut, it breaks them and takes no new ones."""

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._port = free_port()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Forwards, also again after ``cut``."""
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", self._port)

    def cut(self) -> None:
        """Breaks every connection at once, with a reset. Idempotent."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in self._writers:
            writer.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            there_reader, there_writer = await asyncio.open_connection(*self._target)
            await asyncio.gather(self._copy(reader, there_writer), self._copy(there_reader, writer))
        writer.close()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        finally:
            self._writers.discard(writer)
            writer.close()
