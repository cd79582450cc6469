"""Plain HTTP/1.1 viewers, a socket each, all of a process on one private epoll."""

from __future__ import annotations

import socket
from typing import Final

from rms.viewer import Viewer

DEFAULT_SEND_BUFFER_BYTES: Final = 32 * 1024
DEFAULT_USER_TIMEOUT_S: Final = 20.0


class SocketLink:
    """All viewers of the process that have a connection of their own; see ``rms/links``."""

    def __init__(
        self,
        *,
        send_buffer_bytes: int = DEFAULT_SEND_BUFFER_BYTES,
        user_timeout_s: float = DEFAULT_USER_TIMEOUT_S,
    ) -> None: ...

    async def start(self) -> None:
        """Takes what it needs from the running loop. Idempotent."""

    async def aclose(self) -> None:
        """Closes every viewer without a word and gives everything back. Idempotent."""

    def __len__(self) -> int:
        """Open viewers."""
        raise NotImplementedError

    def adopt(self, connection: socket.socket) -> Viewer:
        """A viewer for a connected TCP socket whose request has been read and which is nobody else's any more.

        From here on the link owns the socket. Its end is noticed at once, attached to a channel or not.
        """
        raise NotImplementedError
