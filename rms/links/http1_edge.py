"""The HTTP/1.1 edge: Tornado reads the request and lets go of the socket."""

from __future__ import annotations

import socket
from typing import Final

from tornado import httpserver, httputil
from tornado.http1connection import HTTP1Connection
from tornado.iostream import IOStream

from rms.hub import Hub
from rms.joining import Joiner
from rms.links.socket_link import SocketLink
from rms.reception import Answer, Reception
from rms.stream_request import stream_headers
from service_kit.problem import phrase

_HEADS: Final = {
    gzip: b"HTTP/1.1 200 OK\r\n"
    + b"".join(f"{name}: {value}\r\n".encode() for name, value in stream_headers(gzip=gzip))
    + b"Connection: close\r\n\r\n"
    for gzip in (False, True)
}


class Http1Edge(httputil.HTTPServerConnectionDelegate):
    """Answers ``GET /comments/{liveVideoId}/stream``: hands the socket of a viewer with room to ``link``, with nothing
    of Tornado's left to it, and the viewer to ``hub``.

    At most ``max_viewers`` of its viewers at a time, whatever the hub may hold: each is an open file.
    """

    def __init__(
        self,
        *,
        hub: Hub,
        reception: Reception,
        link: SocketLink,
        max_viewers: int,
        header_timeout_s: float = 10.0,
    ) -> None:
        self._hub = hub
        self._reception = reception
        self._link = link
        self._max_viewers = max_viewers
        self._header_timeout_s = header_timeout_s
        self._server: httpserver.HTTPServer | None = None

    async def start(self) -> None:
        """Takes what it needs from the running loop. Idempotent."""
        if self._server is None:
            self._server = httpserver.HTTPServer(
                self,
                max_header_size=64 * 1024,
                max_body_size=0,
                idle_connection_timeout=self._header_timeout_s,
            )

    async def aclose(self) -> None:
        """Closes what has not become a viewer. Idempotent."""
        server, self._server = self._server, None
        if server is not None:
            await server.close_all_connections()

    def adopt(self, connection: socket.socket) -> None:
        """Serves an accepted connection, of which nothing has been read."""
        if self._server is None:
            connection.close()
        else:
            self._server.handle_stream(IOStream(connection), ("", 0))

    def start_request(self, server_conn: object, request_conn: httputil.HTTPConnection) -> httputil.HTTPMessageDelegate:
        """Tornado's call for each request."""
        assert isinstance(request_conn, HTTP1Connection)
        return _Request(self, request_conn)

    def on_request(self, connection: HTTP1Connection, method: str, target: str, headers: httputil.HTTPHeaders) -> None:
        """A request's head has been read."""
        room = len(self._link) < self._max_viewers
        received = self._reception.receive(method, target, headers.get_all(), room=room)
        if isinstance(received, Answer):
            _answer(connection, received)
            return
        try:
            viewer = self._link.adopt(_let_go(connection))
        except OSError:  # it broke just now, or there are no descriptors left: nobody can be answered
            return
        opening = self._reception.opening(received.video)
        self._hub.join(received.video, Joiner.of(received, viewer, opening, head=_HEADS[received.accepts_gzip]))


class _Request(httputil.HTTPMessageDelegate):
    """One request, as Tornado reads it."""

    def __init__(self, edge: Http1Edge, connection: HTTP1Connection) -> None:
        self._edge = edge
        self._connection = connection

    def headers_received(
        self,
        start_line: httputil.RequestStartLine | httputil.ResponseStartLine,
        headers: httputil.HTTPHeaders,
    ) -> None:
        assert isinstance(start_line, httputil.RequestStartLine)
        self._edge.on_request(self._connection, start_line.method, start_line.path, headers)


def _let_go(connection: HTTP1Connection) -> socket.socket:
    """The connection's socket with a descriptor of its own, so that closing Tornado's stream frees all of Tornado's."""
    stream = connection.detach()
    try:
        return stream.socket.dup()
    finally:
        stream.close()


def _answer(connection: HTTP1Connection, answer: Answer) -> None:
    """Answers and closes: a body that the request may have is not waited for."""
    fields = httputil.HTTPHeaders(dict(answer.headers))
    fields["Connection"] = "close"
    start_line = httputil.ResponseStartLine("HTTP/1.1", answer.status, phrase(answer.status))
    connection.write_headers(start_line, fields, answer.body or None)
    connection.finish()
