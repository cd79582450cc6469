"""Viewers for load and delivery tests: hundreds in one process, each remembering exactly what it was sent."""

from __future__ import annotations

import asyncio
import json
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from tests.support.eventually import eventually


@dataclass
class Received:
    """One SSE event as it came in: ``id`` is 0 where the event has none."""

    event: str
    id: int
    data: bytes
    at: float = field(compare=False)

    def json(self) -> Any:
        """The data, decoded."""
        return json.loads(self.data)


class Viewer(asyncio.Protocol):
    """One stream, read as raw HTTP/1.1 so that a test sees the bytes and not a client's kindness."""

    def __init__(self, url: str, video: str, *, headers: dict[str, str] | None = None, query: str = "") -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 80
        lines = [f"GET /comments/{video}/stream{query} HTTP/1.1", f"Host: {parts.netloc}", "Accept: text/event-stream"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.request = ("\r\n".join(lines) + "\r\n\r\n").encode()
        self.events: list[Received] = []
        self.ids: list[int] = []
        """Of the comments that came, in the order in which they came."""
        self.status = 0
        self.headers: dict[str, str] = {}
        self.retry_ms: int | None = None
        self.closed = False
        self._transport: asyncio.Transport | None = None
        self._head = b""
        self._body = b""
        self._chunks = b""
        self._chunked = False
        self._gunzip = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        self.body_bytes = 0

    @property
    def comments(self) -> list[Received]:
        """The comments that came, in the order in which they came."""
        return [event for event in self.events if event.event == "comment"]

    async def open(self) -> Viewer:
        """Connects, and returns once the response's head and its ``retry:`` line are there."""
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, self.host, self.port)
        await eventually(lambda: self.retry_ms is not None or self.closed, what="the stream's first bytes")
        return self

    async def until_count(self, count: int, *, timeout_s: float = 10.0) -> None:
        """Waits for so many comments."""
        await eventually(lambda: len(self.ids) >= count, timeout_s=timeout_s, what=f"{count} comments")

    async def until_last(self, comment_id: int, *, timeout_s: float = 10.0) -> None:
        """Waits until that comment is the last that came."""
        await eventually(lambda: self.ids[-1:] == [comment_id], timeout_s=timeout_s, what=f"comment {comment_id}")

    async def until_last_or_closed(self, comment_id: int, *, timeout_s: float = 10.0) -> None:
        """Waits until that comment is the last that came, or the stream ends."""
        await eventually(
            lambda: self.closed or self.ids[-1:] == [comment_id], timeout_s=timeout_s, what=f"comment {comment_id}"
        )

    async def until_closed(self, *, timeout_s: float = 10.0) -> None:
        """Waits for the end of the stream."""
        await eventually(lambda: self.closed, timeout_s=timeout_s, what="the end of the stream")

    def close(self) -> None:
        """Breaks the connection off."""
        if self._transport is not None:
            self._transport.abort()
        self.closed = True

    def pause(self) -> None:
        """Reads no more, so that the kernel's buffers fill up."""
        assert self._transport is not None
        self._transport.pause_reading()

    def resume(self) -> None:
        """Reads on."""
        assert self._transport is not None
        self._transport.resume_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        if self.status == 0:
            self._head += data
            head, end, data = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            self._read_head(head.decode("latin-1"))
        body = self._dechunk(data) if self._chunked else data
        self.body_bytes += len(body)
        self._feed(self._gunzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True

    def _read_head(self, head: str) -> None:
        first, *lines = head.split("\r\n")
        self.status = int(first.split(" ")[1])
        self.headers = {name.strip().lower(): value.strip() for name, _, value in (ln.partition(":") for ln in lines)}
        self._chunked = self.headers.get("transfer-encoding", "") == "chunked"

    def _dechunk(self, data: bytes) -> bytes:
        self._chunks += data
        out = []
        while True:
            size_line, end, rest = self._chunks.partition(b"\r\n")
            if not end:
                break
            size = int(size_line, 16)
            if len(rest) < size + 2:
                break
            if size == 0:  # the response has ended; the connection could go on to another
                self.close()
            out.append(rest[:size])
            self._chunks = rest[size + 2 :]
        return b"".join(out)

    def _feed(self, data: bytes) -> None:
        now = time.monotonic()
        *blocks, self._body = (self._body + data).split(b"\n\n")
        for block in blocks:
            event, event_id, payload = "", 0, b""
            for line in block.split(b"\n"):
                name, _, value = line.partition(b": ")
                if name == b"data":
                    payload = value
                elif name == b"id":
                    event_id = int(value)
                elif name == b"event":
                    event = value.decode()
                elif name == b"retry":
                    self.retry_ms = int(value)
            if event:
                self.events.append(Received(event, event_id, payload, now))
                if event == "comment":
                    self.ids.append(event_id)


class Audience:
    """Many viewers, opened a few at a time and closed together."""

    def __init__(self, viewers: Sequence[Viewer], *, at_once: int = 25) -> None:
        self.viewers = list(viewers)
        self._at_once = asyncio.Semaphore(at_once)

    async def __aenter__(self) -> Audience:
        async with asyncio.TaskGroup() as group:
            for viewer in self.viewers:
                group.create_task(self._open(viewer))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for viewer in self.viewers:
            viewer.close()

    async def _open(self, viewer: Viewer) -> None:
        async with self._at_once:
            await viewer.open()
