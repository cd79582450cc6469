"""The viewers of a bench as streams of one HTTP/2 connection, as a proxy's worker has them: read all, and count."""

from __future__ import annotations

import os
import select
import socket
import sys
from ctypes import CDLL
from signal import SIGKILL

from hpack import Encoder

from rms.links import h2_frames as frames

STREAM_WINDOW = 65_535
HEADERS = [
    (":method", "GET"),
    (":scheme", "http"),
    (":authority", "bench.example"),
    (":path", "/comments/bench/stream"),
    ("accept", "text/event-stream"),
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
    ("accept-language", "en-US,en;q=0.5"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("x-forwarded-proto", "https"),
    ("x-envoy-attempt-count", "1"),
]
REQUESTS_A_WRITE = 100


class Streams:
    """Opens streams, counts their bytes and gives windows back once they are half spent."""

    def __init__(self, connection: socket.socket) -> None:
        self.received = 0
        self._connection = connection
        self._held: dict[int, int] = {}
        self._unacknowledged = 0
        self._reader = frames.FrameReader()
        list(self._reader.feed(frames.PREFACE))

    def open(self, count: int) -> None:
        encoder = Encoder()
        self._connection.sendall(frames.PREFACE + frames.settings([]) + frames.window_update(0, 2**30))
        for begin in range(0, count, REQUESTS_A_WRITE):
            requests = []
            for n in range(begin, min(begin + REQUESTS_A_WRITE, count)):
                address = [("x-forwarded-for", f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"), ("x-request-id", f"{n:032x}")]
                flags = frames.END_HEADERS | frames.END_STREAM
                requests.append(frames.pack(frames.HEADERS, flags, 2 * n + 1, encoder.encode(HEADERS + address)))
            self._connection.sendall(b"".join(requests))

    def read(self, data: bytes) -> None:
        answers = []
        for kind, flags, stream_id, payload in self._reader.feed(data):
            if kind == frames.DATA:
                self.received += len(payload)
                self._unacknowledged += len(payload)
                held = self._held.get(stream_id, 0) + len(payload)
                if held > STREAM_WINDOW // 2:
                    answers.append(frames.window_update(stream_id, held))
                    held = 0
                self._held[stream_id] = held
            elif kind == frames.SETTINGS and not flags & frames.ACK:
                answers.append(frames.SETTINGS_ACK)
            elif kind in (frames.RST_STREAM, frames.GOAWAY):
                raise SystemExit("the server ended a stream")
        if self._unacknowledged > 2**28:
            answers.append(frames.window_update(0, self._unacknowledged))
            self._unacknowledged = 0
        if answers:
            self._connection.sendall(b"".join(answers))


def main() -> None:
    """``host port path count``: opens the streams, then answers each line on stdin as ``ops.bench._readers`` does.

    It knows one path, counts no comments, and takes every stream for answered.
    """
    CDLL(None).prctl(1, SIGKILL)  # PR_SET_PDEATHSIG: a bench that dies leaves no readers behind
    host, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[4])
    connection = socket.create_connection((host, port))
    streams = Streams(connection)
    streams.open(count)
    print("connected", flush=True)
    while True:
        for ready in select.select([connection, sys.stdin], [], [])[0]:
            if ready is connection:
                data = connection.recv(1024 * 1024)
                if not data:
                    raise SystemExit("the server closed the connection")
                streams.read(data)
            elif os.read(sys.stdin.fileno(), 1024):
                print(count, streams.received, 0, flush=True)
            else:
                return


if __name__ == "__main__":
    main()
