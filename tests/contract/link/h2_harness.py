"""An ``H2Link`` over loopback TCP."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

from rms.links.h2_connection import H2Limits
from rms.links.h2_headers import H2Request
from rms.links.h2_link import H2Link
from rms.reasons import LinkEnd
from rms.stream_request import STREAM_HEADERS
from rms.viewer import Viewer
from tests.support.eventually import eventually
from tests.support.h2_client import H2Client, H2Peer


class H2Harness:
    """The near end takes every request for a viewer."""

    def __init__(self, limits: H2Limits | None = None, *, connection_window: int = 2**30) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self._limits = limits
        self.client = H2Client(connection_window=connection_window)
        self.link: H2Link
        self.ends: list[LinkEnd] = []
        self.viewers: dict[int, Viewer] = {}
        self.refused = 0
        self.pauses = 0
        self.requests: list[H2Request] = []

    async def start(self) -> H2Harness:
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self.client, *self._listener.getsockname())
        accepted, _ = await loop.sock_accept(self._listener)
        self.link = H2Link(accepted, self, limits=self._limits)
        await self.link.start()
        return self

    def on_request(self, link: H2Link, request: H2Request) -> None:
        self.requests.append(request)
        self.viewers[request.stream_id] = link.open_viewer(request, STREAM_HEADERS)

    def on_refused(self) -> None:
        self.refused += 1

    def on_reading_paused(self) -> None:
        self.pauses += 1

    def on_end(self, link: H2Link, reason: LinkEnd) -> None:
        self.ends.append(reason)

    async def open_viewer(self) -> tuple[Viewer, H2Peer]:
        peer = self.client.request()
        await eventually(lambda: peer.stream_id in self.viewers and peer.status)
        return self.viewers[peer.stream_id], peer

    async def aclose(self) -> None:
        await self.link.aclose()
        self.client.close()
        self._listener.close()


async def h2_harness() -> AsyncIterator[H2Harness]:
    harness = await H2Harness().start()
    yield harness
    await harness.aclose()
