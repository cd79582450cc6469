"""The few viewers of a bench that look at what they get: when each comment came, and how many bytes it took."""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from collections.abc import Sequence

from ops.bench._readers import MARK
from ops.client import SseEvent, SseViewer

_DEADLINE_S = 60.0
_NUMBER = re.compile(f"{MARK.decode()}([0-9]+)")


class Probes:
    """Viewers of one video in this process, which also posts, so that both use one clock.

    A comment is known by the number after its mark.
    """

    def __init__(self, url: str, video: str) -> None:
        self.video = video
        self._url = url
        self._numbers = itertools.count(1)
        self._viewers: list[SseViewer] = []
        self._sent: dict[int, float] = {}
        self._seen: dict[int, int] = {}
        self._late_s: list[float] = []
        self._all_seen = asyncio.Event()

    def __len__(self) -> int:
        return len(self._viewers)

    async def join(self, count: int, *, spread_s: float = 0.0) -> None:
        """Adds viewers, one after the other, over so many seconds at least."""
        for _ in range(count):
            viewer = SseViewer(self._url, self.video, self._on_event, query={"backlog": "0"})
            await viewer.connect()
            self._viewers.append(viewer)
            await asyncio.sleep(spread_s / count)

    def text(self, content: str = "") -> str:
        """The content of the next comment, which is sent now."""
        number = next(self._numbers)
        self._sent[number] = time.monotonic()
        self._all_seen.clear()
        return f"{MARK.decode()}{number} {content}"

    async def have_all(self) -> None:
        """Waits until every viewer has every comment. Ends the bench where one is lost."""
        try:
            async with asyncio.timeout(_DEADLINE_S):
                await self._all_seen.wait()
        except TimeoutError:
            raise SystemExit(f"{len(self._sent)} comments did not reach all of {len(self)} viewers") from None

    def take_late_ms(self) -> list[float]:
        """Milliseconds from the post to each viewer, of all comments since the last time this was asked."""
        late, self._late_s = self._late_s, []
        return [seconds * 1000 for seconds in late]

    async def aclose(self) -> None:
        for viewer in self._viewers:
            await viewer.aclose()

    def _on_event(self, event: SseEvent) -> None:
        found = _NUMBER.search(event.data)
        if found is None or (number := int(found[1])) not in self._sent:
            return
        self._late_s.append(time.monotonic() - self._sent[number])
        seen = self._seen[number] = self._seen.get(number, 0) + 1
        if seen == len(self._viewers):
            del self._sent[number], self._seen[number]
            if not self._sent:
                self._all_seen.set()


class Meter(asyncio.Protocol):
    """One viewer that counts the bytes of its connection, whatever they mean."""

    def __init__(self, encoding: str) -> None:
        self.bytes = 0
        self.encoded = False
        self._encoding = encoding
        self._head = b""
        self._transport: asyncio.Transport | None = None

    async def join(self, port: int, path: str) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, "127.0.0.1", port)
        assert self._transport is not None
        self._transport.write(
            f"GET {path} HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n"
            f"Accept-Encoding: {self._encoding}\r\n\r\n".encode()
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self.bytes += len(data)
        if b"\r\n\r\n" not in self._head:
            self._head += data
            self.encoded = f"content-encoding: {self._encoding}".encode() in self._head.lower()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


async def settled(meters: Sequence[Meter]) -> list[int]:
    """The bytes that each has once they no longer grow."""
    got: list[int] = []
    while (now := [meter.bytes for meter in meters]) != got:
        got = now
        await asyncio.sleep(0.2)
    return now
