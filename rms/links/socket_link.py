"""Plain HTTP/1.1 viewers, a socket each, all of a process on one private epoll."""

from __future__ import annotations

import asyncio
import select
import socket
import time
from collections.abc import Callable, Sequence
from typing import Final, cast

from rms.batch import Batch
from rms.links import Short
from rms.reasons import CloseReason
from rms.viewer import Viewer

DEFAULT_SEND_BUFFER_BYTES: Final = 32 * 1024
"""What the kernel may hold for one viewer; it doubles the figure for its own bookkeeping."""
DEFAULT_USER_TIMEOUT_S: Final = 20.0
"""How long the kernel keeps sending to a peer that acknowledges nothing."""

_EVENTS_A_TURN: Final = 256
_WATCHED: Final = select.EPOLLIN | select.EPOLLRDHUP


class SocketViewer(Viewer):
    """A viewer with a connection of its own."""

    __slots__ = ("_link", "descriptor", "send", "socket")

    def __init__(self, link: SocketLink, connection: socket.socket) -> None:
        super().__init__()
        self._link = link
        self.socket = connection
        self.send = connection.send  # bound once: the fan-out's inner loop calls nothing else
        self.descriptor = connection.fileno()

    @property
    def link(self) -> SocketLink:
        return self._link

    def open_group(self) -> SocketGroup:
        return SocketGroup(self._link)

    def offer(self, data: bytes) -> int:
        try:
            return self.send(data)
        except OSError:
            return 0

    def await_room(self) -> None:
        self._link.watch(self, for_room=True)

    def close(self) -> None:
        self._link.release(self)


class SocketGroup:
    """Viewers that are sent the same, one ``send`` each."""

    __slots__ = ("_link", "_sends", "position")

    busy = False  # each socket has a buffer of its own: there is nothing that all of them wait for

    def __init__(self, link: SocketLink) -> None:
        self._link = link
        self._sends: dict[Viewer, Callable[[bytes], int]] = {}
        self.position = 0

    @property
    def link(self) -> SocketLink:
        return self._link

    def __len__(self) -> int:
        return len(self._sends)

    def viewers(self) -> Sequence[Viewer]:
        return list(self._sends)

    def add(self, viewer: Viewer) -> None:
        self._sends[viewer] = cast(SocketViewer, viewer).send

    def discard(self, viewer: Viewer) -> None:
        self._sends.pop(viewer, None)

    def send(self, batch: Batch) -> Sequence[Short]:
        payload = batch.payload
        size = len(payload)
        short: list[Short] = []
        for viewer, send in self._sends.items():
            try:
                taken = send(payload)
            except OSError:  # no room; or broken, which epoll reports as a hang-up
                taken = 0
            if taken != size:
                short.append((viewer, taken))
        return short


class SocketLink:
    """All viewers of the process that have a connection of their own; see ``rms/links``.

    Its epoll is private so that a viewer costs no handle, no callback and no selector key of the loop's; the loop
    watches the one descriptor of the epoll itself.
    """

    def __init__(
        self,
        *,
        send_buffer_bytes: int = DEFAULT_SEND_BUFFER_BYTES,
        user_timeout_s: float = DEFAULT_USER_TIMEOUT_S,
        charge: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        """``charge`` is told the seconds spent on viewers that had been waited for (``Pump.charge``)."""
        self._send_buffer_bytes = send_buffer_bytes
        self._user_timeout_ms = round(user_timeout_s * 1000)
        self._charge = charge
        self._viewers: dict[int, SocketViewer] = {}
        self._epoll: select.epoll | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._released: list[socket.socket] | None = None  # while a turn's events are handled

    async def start(self) -> None:
        """Takes what it needs from the running loop. Idempotent."""
        if self._epoll is None:
            self._epoll = select.epoll()
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._epoll.fileno(), self._on_events)

    async def aclose(self) -> None:
        """Closes every viewer without a word and gives everything back. Idempotent."""
        for viewer in list(self._viewers.values()):
            self.release(viewer)
        if self._epoll is not None and self._loop is not None:
            self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()
            self._epoll = None

    def __len__(self) -> int:
        """Open viewers."""
        return len(self._viewers)

    def adopt(self, connection: socket.socket) -> Viewer:
        """A viewer for a connected TCP socket whose request has been read and which is nobody else's any more.

        From here on the link owns the socket. Its end is noticed at once, in an audience or not.
        Raises ``OSError`` where the connection is broken already; it is closed then.
        """
        try:
            self._set_options(connection)
            viewer = SocketViewer(self, connection)
            self._started().register(viewer.descriptor, _WATCHED)
        except OSError:
            connection.close()
            raise
        self._viewers[viewer.descriptor] = viewer
        return viewer

    def watch(self, viewer: SocketViewer, *, for_room: bool) -> None:
        """Has the end of a viewer noticed, and room for it only on request: an idle socket always has some."""
        if not viewer.closed:
            self._started().modify(viewer.descriptor, _WATCHED | select.EPOLLOUT if for_room else _WATCHED)

    def release(self, viewer: SocketViewer) -> None:
        """Closes a viewer's socket; what the kernel took still goes out."""
        if viewer.closed:
            return
        viewer.closed = True
        del self._viewers[viewer.descriptor]
        self._started().unregister(viewer.descriptor)
        if self._released is None:
            viewer.socket.close()
        else:
            self._released.append(viewer.socket)

    def _set_options(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self._send_buffer_bytes)
        if connection.family in (socket.AF_INET, socket.AF_INET6):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, self._user_timeout_ms)

    def _started(self) -> select.epoll:
        if self._epoll is None:
            raise RuntimeError("the link is not started")
        return self._epoll

    def _on_events(self) -> None:
        # A descriptor that is closed while the turn's events are handled may be given out again at once, and an event
        # of the old socket would then hit a new viewer. So sockets are closed when the turn is over.
        began = time.monotonic()
        self._released = []
        try:
            for descriptor, events in self._started().poll(0, _EVENTS_A_TURN):
                viewer = self._viewers.get(descriptor)
                if viewer is not None:
                    self._on_event(viewer, events)
        finally:
            released, self._released = self._released, None
            for connection in released:
                connection.close()
        self._charge(time.monotonic() - began)

    def _on_event(self, viewer: SocketViewer, events: int) -> None:
        if events & ~select.EPOLLOUT:
            self._end(viewer, events)
        elif viewer.audience is None or not viewer.audience.on_room(viewer):
            self.watch(viewer, for_room=False)

    def _end(self, viewer: SocketViewer, events: int) -> None:
        hung_up = events & (select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR)
        if viewer.audience is None:
            self.release(viewer)
        else:
            viewer.audience.detach(viewer, CloseReason.HUNG_UP if hung_up else CloseReason.UNEXPECTED_INPUT)
