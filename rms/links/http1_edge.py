"""The HTTP/1.1 edge: Tornado reads the request and lets go of the socket."""

from __future__ import annotations

import random
import socket
from dataclasses import dataclass
from typing import Final

from tornado import httpserver, httputil
from tornado.http1connection import HTTP1Connection

from rms.admission import retries_elsewhere
from rms.frames import opening
from rms.hub import Hub
from rms.joining import Joiner
from rms.links.socket_link import SocketLink
from rms.metrics import ServiceMetrics
from rms.reasons import RefusalReason
from rms.stream_request import GZIP_HEADERS, STREAM_HEADERS, StreamRequest, parse_stream_request
from service_kit.admin import bind
from service_kit.problem import CONTENT_TYPE, Problem, phrase

_BACKLOG: Final = 4096
_HEADS: Final = {
    gzip: b"HTTP/1.1 200 OK\r\n"
    + b"".join(f"{name}: {value}\r\n".encode() for name, value in (GZIP_HEADERS if gzip else STREAM_HEADERS))
    + b"Connection: close\r\n\r\n"
    for gzip in (False, True)
}


@dataclass(frozen=True, slots=True)
class EdgeLimits:
    """How the edge answers. The defaults are the settings' defaults."""

    last_attempt: int = 4
    """The proxy's attempt that no other follows: the first and its retries."""
    retry_ms: int = 2_000
    """How long a browser waits before it comes back; half to one and a half of it, so that not all come at once."""
    full_retry_ms: int = 30_000
    """The same where there is no room."""
    header_timeout_s: float = 10.0
    """How long a connection may take to send its request."""
    gzip: bool = True
    """Whoever accepts gzip gets it."""


class Http1Edge(httputil.HTTPServerConnectionDelegate):
    """Answers ``GET /comments/{liveVideoId}/stream``: hands the socket of a viewer with room to ``link``, with nothing
    of Tornado's left to it, and the viewer to ``hub``.

    ``port`` 0 takes a free one; ``self.port`` is the true one after ``start``.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        hub: Hub,
        link: SocketLink,
        metrics: ServiceMetrics,
        limits: EdgeLimits | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self._hub = hub
        self._link = link
        self._metrics = metrics
        self._limits = limits or EdgeLimits()
        self._server: httpserver.HTTPServer | None = None

    async def start(self) -> None:
        """Binds and serves. Raises ``StartupError`` where the port is taken. Idempotent."""
        if self._server is not None:
            return
        sockets = bind(self.host, self.port, what="HTTP port", backlog=_BACKLOG)
        self.port = sockets[0].getsockname()[1]
        self._server = httpserver.HTTPServer(
            self,
            max_header_size=64 * 1024,
            max_body_size=0,
            idle_connection_timeout=self._limits.header_timeout_s,
        )
        self._server.add_sockets(sockets)

    async def aclose(self) -> None:
        """Stops listening, and closes what has not become a viewer. Idempotent."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()
            await server.close_all_connections()

    def start_request(self, server_conn: object, request_conn: httputil.HTTPConnection) -> httputil.HTTPMessageDelegate:
        """Tornado's call for each request."""
        assert isinstance(request_conn, HTTP1Connection)
        return _Request(self, request_conn)

    def on_request(self, connection: HTTP1Connection, method: str, target: str, headers: httputil.HTTPHeaders) -> None:
        """A request's head has been read."""
        try:
            request = parse_stream_request(method, target, headers.get_all())
        except Problem as problem:
            self._metrics.bad_requests.labels(problem.status).inc()
            self._answer_problem(connection, method, problem)
            return
        refusal = self._hub.refusal(request.video)
        if refusal is not None:
            self._refuse(connection, request, refusal)
            return
        try:
            viewer = self._link.adopt(_let_go(connection))
        except OSError:  # it broke just now, or there are no descriptors left: nobody can be answered
            return
        retry_ms = random.randint(self._limits.retry_ms // 2, self._limits.retry_ms * 3 // 2)  # noqa: S311
        gzip = request.accepts_gzip and self._limits.gzip
        joiner = Joiner(viewer, opening(retry_ms), request.resume_after, request.backlog, head=_HEADS[gzip], gzip=gzip)
        self._hub.join(request.video, joiner)

    def _refuse(self, connection: HTTP1Connection, request: StreamRequest, reason: RefusalReason) -> None:
        elsewhere = retries_elsewhere(request.attempt, self._limits.last_attempt)
        self._metrics.refused.labels(reason, 503 if elsewhere else 200).inc()
        if elsewhere:
            self._answer_problem(connection, "GET", Problem(503, f"no room here: {reason}"))
        else:
            # An error status would make an EventSource give up for good.
            _answer(connection, 200, dict(STREAM_HEADERS), opening(self._limits.full_retry_ms))

    def _answer_problem(self, connection: HTTP1Connection, method: str, problem: Problem) -> None:
        headers = {
            "Content-Type": CONTENT_TYPE,
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Access-Control-Allow-Origin": "*",
            **problem.headers,
        }
        _answer(connection, problem.status, headers, problem.body(), head_only=method == "HEAD")


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


def _answer(
    connection: HTTP1Connection, status: int, headers: dict[str, str], body: bytes, *, head_only: bool = False
) -> None:
    """Answers and closes: a body that the request may have is not waited for."""
    fields = httputil.HTTPHeaders(headers)
    fields["Content-Length"] = str(len(body))
    fields["Connection"] = "close"
    start_line = httputil.ResponseStartLine("HTTP/1.1", status, phrase(status))
    connection.write_headers(start_line, fields, None if head_only else body)
    connection.finish()
