"""What comes on a connection and in which order it is dealt with: PING at once, requests in their turn."""

from __future__ import annotations

from collections.abc import Sequence

from hpack import Encoder
from hypothesis import given
from hypothesis import strategies as st

from rms.links import h2_frames as frames
from rms.links.h2_connection import H2Connection, H2Limits
from rms.links.h2_frames import ErrorCode, Frame, FrameReader, Setting
from rms.links.h2_headers import H2Request
from rms.links.h2_streams import H2Streams
from rms.links.h2_viewers import H2Viewer
from rms.reasons import CloseReason

PING = frames.pack(frames.PING, 0, 0, b"12345678")
PONG = (frames.PING, frames.ACK, 0, b"12345678")
BEGINS = frames.END_HEADERS
WHOLE = frames.END_HEADERS | frames.END_STREAM


class Server:
    """A connection whose way out and whose owner remember."""

    def __init__(self, limits: H2Limits | None = None) -> None:
        self.buffered = 0
        self.written: list[Frame] = []
        self.requests: list[H2Request] = []
        self.refused = 0
        self.encoder = Encoder()
        self._reader = FrameReader()
        list(self._reader.feed(frames.PREFACE))
        self.streams = H2Streams(self, self, max_buffered_bytes=1 << 20, wake=lambda: None)
        self.connection = H2Connection(self.streams, self, self, limits=limits or H2Limits(), clock=lambda: 0.0)
        self.connection.receive(frames.PREFACE + frames.settings([]))
        self.written.clear()

    def write(self, data: bytes) -> None:
        self.written += self._reader.feed(data)

    def on_request(self, request: H2Request) -> None:
        self.requests.append(request)

    def on_refused(self) -> None:
        self.refused += 1

    def on_stream_end(self, viewer: H2Viewer, reason: CloseReason) -> None:
        pass

    def on_pong(self, opaque: bytes) -> None:
        pass

    def head(self, stream_id: int, flags: int = WHOLE, fields: Sequence[tuple[str, str]] = ()) -> bytes:
        """A request whose header block means something only after those before it."""
        pseudo = [(":method", "GET"), (":scheme", "http"), (":path", f"/{stream_id}")]
        block = self.encoder.encode([*pseudo, ("x-same-for-all", "yes"), *fields])
        return frames.pack(frames.HEADERS, flags, stream_id, block)

    def serve(self, times: int = 1_000_000) -> None:
        while times and self.connection.serve():
            times -= 1

    @property
    def asked(self) -> list[str]:
        return [request.target for request in self.requests]


def test_a_ping_does_not_wait_for_the_requests_before_it() -> None:
    server = Server()
    server.connection.receive(server.head(1) + server.head(3) + PING)
    assert server.written == [PONG]
    assert server.requests == []
    server.serve()
    assert server.asked == ["/1", "/3"]


def test_a_stream_reset_before_its_turn_is_no_request_and_spoils_none_after_it() -> None:
    server = Server()
    server.connection.receive(server.head(1) + server.head(3) + server.head(5))
    server.connection.receive(frames.rst_stream(3, ErrorCode.CANCEL))
    assert len(server.streams) == 2
    server.serve()
    assert server.asked == ["/1", "/5"]
    assert ("x-same-for-all", "yes") in server.requests[1].headers
    assert server.written == []


def test_a_window_that_is_raised_before_the_request_has_its_turn_counts() -> None:
    server = Server()
    server.connection.receive(server.head(1) + frames.window_update(1, 1_000))
    server.connection.receive(frames.settings([(Setting.INITIAL_WINDOW_SIZE, frames.DEFAULT_WINDOW + 1)]))
    server.serve()
    assert server.streams[1].window == frames.DEFAULT_WINDOW + 1_001


def test_a_body_waits_with_its_request() -> None:
    server = Server()
    body = frames.pack(frames.DATA, 0, 3, b"abc") + frames.pack(frames.DATA, frames.END_STREAM, 3)
    server.connection.receive(server.head(1) + server.head(3, BEGINS) + body + server.head(5))
    server.serve()
    assert [(request.target, request.has_body) for request in server.requests] == [
        ("/1", False),
        ("/3", True),
        ("/5", False),
    ]


def test_trailers_wait_with_their_request() -> None:
    server = Server()
    head = server.head(1, BEGINS)
    trailers = frames.pack(frames.HEADERS, WHOLE, 1, server.encoder.encode([("x-sum", "1")]))
    server.connection.receive(head + trailers)
    server.serve()
    assert server.asked == ["/1"]


def test_data_after_the_end_of_a_request_that_waits_resets_its_stream() -> None:
    server = Server()
    server.connection.receive(server.head(1) + frames.pack(frames.DATA, 0, 1, b"x"))
    server.serve()
    assert (frames.RST_STREAM, 0, 1, ErrorCode.STREAM_CLOSED.to_bytes(4, "big")) in server.written


def test_streams_that_wait_count_against_the_limit() -> None:
    server = Server(H2Limits(max_streams=2))
    server.connection.receive(server.head(1) + server.head(3) + server.head(5))
    assert server.refused == 1
    assert server.written == [(frames.RST_STREAM, 0, 5, ErrorCode.REFUSED_STREAM.to_bytes(4, "big"))]
    server.connection.receive(frames.rst_stream(1, ErrorCode.CANCEL) + server.head(7))
    server.serve()
    assert server.asked == ["/3", "/7"]


def test_a_proxy_that_gives_up_what_was_not_answered_in_time_is_no_flood() -> None:
    server = Server(H2Limits(early_resets_per_s=1))
    count = 1_000
    for stream_id in range(1, 2 * count, 2):
        server.connection.receive(server.head(stream_id))
    server.connection.tick()
    for stream_id in range(1, 2 * count, 2):
        server.connection.receive(frames.rst_stream(stream_id, ErrorCode.CANCEL))
    server.serve()
    assert server.requests == []
    assert len(server.streams) == 0


def test_what_waits_is_bounded_and_full_until_half_is_taken() -> None:
    server = Server(H2Limits(max_waiting_bytes=10_000))
    stream_id = 1
    while not server.connection.full:
        server.connection.receive(server.head(stream_id))
        stream_id += 2
    waited = server.connection.waiting
    assert waited < 10_000 / 400 + 1
    while server.connection.full:
        server.serve(1)
    assert waited / 3 < server.connection.waiting < waited * 2 / 3


@given(
    ops=st.lists(
        st.one_of(
            st.just("open"),
            st.just("ping"),
            st.tuples(st.just("reset"), st.integers(0, 20)),
            st.tuples(st.just("serve"), st.integers(1, 5)),
        ),
        max_size=60,
    ),
    cut=st.integers(1, 200),
)
def test_requests_come_in_order_whatever_else_comes(ops: list[str | tuple[str, int]], cut: int) -> None:
    """``cut``: bytes that come at a time."""
    server = Server()
    opened: list[int] = []
    reset: set[int] = set()
    expected: list[str] = []
    waiting: list[int] = []
    pings = 0
    for op in ops:
        data = b""
        if op == "open":
            opened.append(2 * len(opened) + 1)
            waiting.append(opened[-1])
            data = server.head(opened[-1])
        elif op == "ping":
            data, pings = PING, pings + 1
        elif op[0] == "reset" and opened:
            stream_id = opened[int(op[1]) % len(opened)]
            reset.add(stream_id)
            data = frames.rst_stream(stream_id, ErrorCode.CANCEL)
        elif op[0] == "serve":
            for _ in range(int(op[1])):
                server.connection.serve()
                expected += [f"/{stream_id}" for stream_id in waiting[:1] if stream_id not in reset]
                del waiting[:1]
        for at in range(0, len(data), cut):
            server.connection.receive(data[at : at + cut])
        assert server.asked == expected
        assert server.written.count(PONG) == pings
    server.serve()
    assert server.asked == expected + [f"/{stream_id}" for stream_id in waiting if stream_id not in reset]
    assert {viewer.stream_id for viewer in server.streams.viewers()} == set(opened) - reset
