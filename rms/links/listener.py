"""The port of the live streams, which speaks HTTP/1.1 and HTTP/2 with prior knowledge."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Final

from service_kit.admin import bind

_BACKLOG: Final = 4096
_ACCEPTS_A_TURN: Final = 128
_PAUSE_S: Final = 1.0
"""How long nothing is accepted once there are no descriptors left."""
_FIRST_BYTES: Final = b"PRI"
"""How HTTP/2's preface begins, and no method of HTTP/1.1: that is what it is for."""

Adopt = Callable[[socket.socket], None]


class Listener:
    """Accepts connections and gives each to ``http1`` or ``http2`` by its first three bytes, which it leaves there.

    ``port`` 0 takes a free one; ``self.port`` is the true one after ``start``. A connection that says nothing for
    ``timeout_s`` is closed.
    """

    def __init__(self, host: str, port: int, *, http1: Adopt, http2: Adopt, timeout_s: float = 10.0) -> None:
        self.host = host
        self.port = port
        self._http1 = http1
        self._http2 = http2
        self._timeout_s = timeout_s
        self._listening: list[socket.socket] = []
        self._silent: dict[socket.socket, asyncio.TimerHandle] = {}

    async def start(self) -> None:
        """Binds and accepts. Raises ``StartupError`` where the port is taken. Idempotent."""
        if not self._listening:
            self._listening = bind(self.host, self.port, what="HTTP port", backlog=_BACKLOG)
            self.port = self._listening[0].getsockname()[1]
            self._watch()

    async def aclose(self) -> None:
        """Stops listening, and closes what has not been given on. Idempotent."""
        listening, self._listening = self._listening, []
        for listener in listening:
            asyncio.get_running_loop().remove_reader(listener)
            listener.close()
        for connection in list(self._silent):
            self._take(connection).close()

    def _watch(self) -> None:
        for listener in self._listening:
            asyncio.get_running_loop().add_reader(listener, self._accept, listener)

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(_ACCEPTS_A_TURN):
            try:
                connection, _address = listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    raise
                self._pause()
                return
            self._admit(connection)

    def _pause(self) -> None:
        """The kernel would report the same connection again and again."""
        loop = asyncio.get_running_loop()
        for listener in self._listening:
            loop.remove_reader(listener)
        loop.call_later(_PAUSE_S, self._watch)

    def _admit(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        # Fewer bytes than tell what is spoken wake nobody.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, len(_FIRST_BYTES))
        loop = asyncio.get_running_loop()
        self._silent[connection] = loop.call_later(self._timeout_s, lambda: self._take(connection).close())
        loop.add_reader(connection, self._decide, connection)

    def _decide(self, connection: socket.socket) -> None:
        try:
            first = connection.recv(len(_FIRST_BYTES), socket.MSG_PEEK)
        except BlockingIOError:
            return
        except OSError:
            first = b""
        self._take(connection)
        if len(first) < len(_FIRST_BYTES):  # it has ended
            connection.close()
            return
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
        (self._http2 if first == _FIRST_BYTES else self._http1)(connection)

    def _take(self, connection: socket.socket) -> socket.socket:
        self._silent.pop(connection).cancel()
        asyncio.get_running_loop().remove_reader(connection)
        return connection
