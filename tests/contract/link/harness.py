"""What a link must offer to be put under the contract: a way to open viewers, and the far ends of them."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from typing import Protocol

from rms.links import Link
from rms.links.socket_link import SocketLink
from rms.reasons import CloseReason
from rms.viewer import Viewer


class Peer(Protocol):
    """The far end of one viewer. It reads only when told to."""

    async def read(self, count: int) -> bytes:
        """Exactly so many bytes of the viewer's stream."""

    async def read_to_end(self) -> bytes:
        """All until the stream ends in order."""

    def hang_up(self) -> None:
        """Ends the stream as a browser does that closes the page."""

    def reset(self) -> None:
        """Ends it without a word."""


class Harness(Protocol):
    """One link, started, with the far ends of its viewers."""

    @property
    def link(self) -> Link: ...

    async def open_viewer(self) -> tuple[Viewer, Peer]: ...

    async def aclose(self) -> None: ...


class RecordingAudience:
    """Stands where a channel's audience does and notes what the link reports."""

    def __init__(self) -> None:
        self.rooms: list[Viewer] = []
        self.ended: list[tuple[Viewer, CloseReason]] = []
        self.wants_more = False
        self.calling_link = False

    def on_room(self, viewer: Viewer) -> bool:
        assert not self.calling_link, "a link reports nothing from within a call"
        assert viewer.audience is self
        self.rooms.append(viewer)
        return self.wants_more

    def detach(self, viewer: Viewer, reason: CloseReason) -> None:
        assert not self.calling_link, "a link reports nothing from within a call"
        self.ended.append((viewer, reason))
        viewer.audience = None
        viewer.close()

    def on_link_ready(self) -> None:
        pass


class SocketPeer:
    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.connection = connection

    async def read(self, count: int) -> bytes:
        loop = asyncio.get_running_loop()
        received = b""
        while len(received) < count:
            piece = await asyncio.wait_for(loop.sock_recv(self.connection, count - len(received)), 10)
            assert piece, f"the stream ended after {len(received)} of {count} bytes"
            received += piece
        return received

    async def read_to_end(self) -> bytes:
        loop = asyncio.get_running_loop()
        received = b""
        while piece := await asyncio.wait_for(loop.sock_recv(self.connection, 65536), 10):
            received += piece
        return received

    def hang_up(self) -> None:
        self.connection.close()

    def reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


class SocketHarness:
    """``SocketLink`` over loopback TCP."""

    def __init__(self) -> None:
        self.link = SocketLink(send_buffer_bytes=8 * 1024)
        self._peers: list[SocketPeer] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)

    def connect(self) -> SocketPeer:
        """A far end whose near end waits for ``accept``."""
        ours = socket.socket()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * 1024)
        ours.connect(self._listener.getsockname())
        self._peers.append(SocketPeer(ours))
        return self._peers[-1]

    def accept(self) -> socket.socket:
        return self._listener.accept()[0]

    async def open_viewer(self) -> tuple[Viewer, SocketPeer]:
        peer = self.connect()
        return self.link.adopt(self.accept()), peer

    async def aclose(self) -> None:
        await self.link.aclose()
        self._listener.close()
        for peer in self._peers:
            peer.connection.close()


async def socket_harness() -> AsyncIterator[SocketHarness]:
    harness = SocketHarness()
    await harness.link.start()
    yield harness
    await harness.aclose()
