"""The viewers of a bench that look at a clock: real TCP connections in a process of their own, that can also stall."""

from __future__ import annotations

import os
import re
import select
import socket
import sys
import time
from collections import Counter
from ctypes import CDLL
from signal import SIGKILL

from ops.bench._readers import MARK, REQUEST

STAMP = re.compile(MARK + rb"([0-9]{6,}) ")
"""After the mark: nanoseconds of the monotonic clock, which all processes of a machine share."""
LARGE_BYTES = 16 * 1024
"""More than that at once is no comment whose way is timed."""


def stamp() -> str:
    """How the text of a comment begins whose way is timed from now on."""
    return f"{MARK.decode()}{time.monotonic_ns()} "


class Viewers:
    """Read all, count it, and note how late each stamped comment was."""

    def __init__(self) -> None:
        self.sockets: dict[int, socket.socket] = {}
        self.answered: set[int] = set()
        self.received = 0
        self.marks = 0
        self.late: Counter[int] = Counter()
        self._epoll = select.epoll()
        self._buffer = bytearray(256 * 1024)

    def connect(self, host: str, port: int, path: str, receive_buffer: int) -> None:
        connection = socket.socket()
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.connect((host, port))
        connection.sendall(REQUEST.format(path=path).encode())
        connection.setblocking(False)
        self.sockets[connection.fileno()] = connection
        self._epoll.register(connection, select.EPOLLIN)

    def run(self) -> None:
        """Until stdin ends."""
        self._epoll.register(sys.stdin, select.EPOLLIN)
        while True:
            for descriptor, _ in self._epoll.poll():
                if descriptor != sys.stdin.fileno():
                    self._read(descriptor)
                elif word := os.read(descriptor, 1024).decode().strip():
                    print(self._answer(word), flush=True)
                else:
                    return

    def _answer(self, word: str) -> str:
        if word == "late":
            late, self.late = self.late, Counter()
            return " ".join(f"{at}:{count}" for at, count in late.items()) or "0:0"
        if word in ("stop", "go"):
            for descriptor in self.sockets:
                self._epoll.modify(descriptor, select.EPOLLIN if word == "go" else 0)
        return f"{len(self.answered)} {self.received} {self.marks}"

    def _read(self, descriptor: int) -> None:
        try:
            size = self.sockets[descriptor].recv_into(self._buffer)
        except BlockingIOError:
            return
        except ConnectionResetError:
            size = 0
        if size == 0:
            sys.exit("a viewer's connection was closed")
        self.received += size
        self.answered.add(descriptor)
        marks = self._buffer.count(MARK, 0, size)
        self.marks += marks
        if marks and size <= LARGE_BYTES:
            now = time.monotonic_ns()
            for sent in STAMP.findall(self._buffer, 0, size):
                self.late[(now - int(sent)) // 100_000] += 1


def main() -> None:
    """``host port path count [receive_buffer]``: connects, then answers the words of stdin.

    ``?``: as ``ops.bench._readers``. ``late``: tenths of milliseconds and how many comments were so late, since it was
    last asked. ``stop``, ``go``: it reads nothing meanwhile.
    """
    CDLL(None).prctl(1, SIGKILL)  # PR_SET_PDEATHSIG: a bench that dies leaves no readers behind
    host, port, path, count = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    viewers = Viewers()
    for _ in range(count):
        viewers.connect(host, port, path, int(sys.argv[5]) if len(sys.argv) > 5 else 0)
    print("connected", flush=True)
    viewers.run()


if __name__ == "__main__":
    main()
