"""The viewers of a bench: real TCP connections in a process of their own, that read all and count."""

from __future__ import annotations

import os
import select
import socket
import sys
from ctypes import CDLL
from signal import SIGKILL

REQUEST = "GET {path} HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n"
# In a comment's text, and nowhere else in a stream: so comments can be counted without being read.
MARK = b"~"


def main() -> None:
    """``host port path count``: connects, then answers each line on stdin with what all together have so far:
    viewers that were answered, bytes, marks.
    """
    CDLL(None).prctl(1, SIGKILL)  # PR_SET_PDEATHSIG: a bench that dies leaves no readers behind
    host, port, path, count = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    epoll = select.epoll()
    sockets: dict[int, socket.socket] = {}
    for _ in range(count):
        connection = socket.create_connection((host, port))
        connection.sendall(REQUEST.format(path=path).encode())
        connection.setblocking(False)
        sockets[connection.fileno()] = connection
        epoll.register(connection, select.EPOLLIN)
    epoll.register(sys.stdin, select.EPOLLIN)
    print("connected", flush=True)
    unanswered = set(sockets)
    received = marks = 0
    buffer = bytearray(256 * 1024)
    while True:
        for descriptor, _ in epoll.poll():
            if descriptor == sys.stdin.fileno():
                if not os.read(descriptor, 1024):
                    return
                print(count - len(unanswered), received, marks, flush=True)
                continue
            try:
                size = sockets[descriptor].recv_into(buffer)
            except BlockingIOError:
                continue
            except ConnectionResetError:
                size = 0
            if size == 0:
                sys.exit("a viewer's connection was closed")
            received += size
            marks += buffer.count(MARK, 0, size)
            unanswered.discard(descriptor)


if __name__ == "__main__":
    main()
