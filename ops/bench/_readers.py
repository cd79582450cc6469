"""The viewers of a bench: real TCP connections in a process of their own, that read all and count."""

from __future__ import annotations

import os
import select
import socket
import sys
from ctypes import CDLL
from signal import SIGKILL

REQUEST = b"GET /comments/bench/stream HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n"


def main() -> None:
    """``host port count``: connects, then answers each line on stdin with the bytes read so far, by all together."""
    CDLL(None).prctl(1, SIGKILL)  # PR_SET_PDEATHSIG: a bench that dies leaves no readers behind
    host, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    epoll = select.epoll()
    sockets: dict[int, socket.socket] = {}
    for _ in range(count):
        connection = socket.create_connection((host, port))
        connection.sendall(REQUEST)
        connection.setblocking(False)
        sockets[connection.fileno()] = connection
        epoll.register(connection, select.EPOLLIN)
    epoll.register(sys.stdin, select.EPOLLIN)
    print("connected", flush=True)
    received = 0
    buffer = bytearray(256 * 1024)
    while True:
        for descriptor, _ in epoll.poll():
            if descriptor == sys.stdin.fileno():
                if not os.read(descriptor, 1024):
                    return
                print(received, flush=True)
                continue
            try:
                received += sockets[descriptor].recv_into(buffer)
            except BlockingIOError:
                continue


if __name__ == "__main__":
    main()
