"""Requests that are too large, or a form, are refused before they are read to their end and any handler is asked.

A path may have a rule of its own for bodies; whoever serves it then reads them as they come.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field

from tornado import http1connection, httputil

from comment_service.api.handler import header_bytes
from comment_service.api.refusals import STATUS
from comment_service.metrics import CommentServiceMetrics
from comment_service.reasons import RefusalReason
from service_kit import problem

# What is still read and thrown away after the refusal. A connection closed with unread bytes is reset, and the reset
# can overtake the answer: the client would see a broken connection instead of the 413.
_LINGER_BYTES = 8 * 1024 * 1024
_LINGER_S = 2.0
# Tornado parses forms before any handler is asked, and answers one that is malformed without a body.
_FORMS = ("multipart/", "application/x-www-form-urlencoded")


@dataclass(frozen=True)
class BodyRule:
    """What a body may be: beyond ``max_bytes`` 413, a form 415 unless ``forms``, not here in ``timeout_s`` 408.

    ``timeout_s`` None: the connection is closed when the server's own time is over.
    """

    max_bytes: int
    forms: bool = False
    timeout_s: float | None = None


@dataclass(frozen=True)
class RequestLimits:
    """In bytes, each beyond which a request is refused: 414, 431, 413. ``bodies``: path → the rule of its own."""

    url_bytes: int
    header_bytes: int
    body_bytes: int
    bodies: Mapping[str, BodyRule] = field(default_factory=dict)

    def body_rule(self, target: str) -> BodyRule:
        """The rule for a request's target, which is a path and perhaps a query."""
        return self.bodies.get(target.partition("?")[0]) or BodyRule(self.body_bytes)


class LimitedRequests(httputil.HTTPServerConnectionDelegate):
    """Stands between Tornado's server and the application."""

    def __init__(
        self, app: httputil.HTTPServerConnectionDelegate, limits: RequestLimits, metrics: CommentServiceMetrics
    ) -> None:
        self._app = app
        self._limits = limits
        self._metrics = metrics

    def start_request(self, server_conn: object, request_conn: httputil.HTTPConnection) -> httputil.HTTPMessageDelegate:
        app = self._app.start_request(server_conn, request_conn)
        return _LimitedRequest(app, request_conn, self._limits, self._metrics)

    def on_close(self, server_conn: object) -> None:
        self._app.on_close(server_conn)


class _LimitedRequest(httputil.HTTPMessageDelegate):
    def __init__(
        self,
        app: httputil.HTTPMessageDelegate,
        connection: httputil.HTTPConnection,
        limits: RequestLimits,
        metrics: CommentServiceMetrics,
    ) -> None:
        self._app = app
        self._connection = connection
        self._limits = limits
        self._rule = BodyRule(limits.body_bytes)
        self._metrics = metrics
        self._body_bytes = 0
        self._refused = False
        self._bodiless = False
        self._app_knows = False
        self._lingered: asyncio.TimerHandle | None = None
        self._arriving: asyncio.TimerHandle | None = None

    def headers_received(
        self, start_line: httputil.RequestStartLine | httputil.ResponseStartLine, headers: httputil.HTTPHeaders
    ) -> Awaitable[None] | None:
        assert isinstance(start_line, httputil.RequestStartLine)
        limits = self._limits
        self._bodiless = start_line.method == "HEAD"
        self._rule = rule = limits.body_rule(start_line.path)
        if len(start_line.path) > limits.url_bytes:
            self._refuse(RefusalReason.URL_TOO_LONG, f"the URL is over {limits.url_bytes} bytes")
        elif header_bytes(headers) > limits.header_bytes:
            self._refuse(RefusalReason.HEADERS_TOO_LARGE, f"the headers are over {limits.header_bytes} bytes")
        elif _announced_bytes(headers) > rule.max_bytes:
            self._refuse_body()
        elif not rule.forms and headers.get("Content-Type", "").lower().startswith(_FORMS):
            self._refuse(RefusalReason.UNSUPPORTED_MEDIA_TYPE, "the body has to be application/json, not a form")
        else:
            self._app_knows = True
            if rule.timeout_s is not None:
                self._allow(rule.timeout_s)
            return self._app.headers_received(start_line, headers)
        return None

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        self._body_bytes += len(chunk)
        if self._refused:
            if self._body_bytes > _LINGER_BYTES:
                self._end()
            return None
        if self._body_bytes > self._rule.max_bytes:
            self._refuse_body()
            return None
        return self._app.data_received(chunk)

    def finish(self) -> None:
        self._arrived()
        if self._refused:
            self._end()
        else:
            self._app.finish()

    def on_connection_close(self) -> None:
        self._arrived()
        if self._lingered is not None:
            self._lingered.cancel()
        self._forsake_app()

    def _allow(self, timeout_s: float) -> None:
        """Gives the body so long to arrive."""
        if isinstance(self._connection, http1connection.HTTP1Connection):
            self._connection.set_body_timeout(timeout_s + 2 * _LINGER_S)  # only the last resort
        detail = f"the body did not arrive within {timeout_s:g} s"
        loop = asyncio.get_running_loop()
        self._arriving = loop.call_later(timeout_s, lambda: self._refuse(RefusalReason.TOO_SLOW, detail))

    def _arrived(self) -> None:
        if self._arriving is not None:
            self._arriving.cancel()
            self._arriving = None

    def _forsake_app(self) -> None:
        """For the app the connection is closed: it gets no more of the body, and nobody waits for its answer."""
        if self._app_knows:
            self._app_knows = False
            self._app.on_connection_close()

    def _refuse_body(self) -> None:
        self._refuse(RefusalReason.BODY_TOO_LARGE, f"the body is over {self._rule.max_bytes} bytes")

    def _refuse(self, reason: RefusalReason, detail: str) -> None:
        self._refused = True
        self._arrived()
        self._forsake_app()
        self._metrics.refused.labels("http", reason).inc()
        answer = problem.Problem(STATUS[reason], detail)
        body = answer.body()
        headers = httputil.HTTPHeaders(
            {
                "Content-Type": problem.CONTENT_TYPE,
                "Content-Length": str(len(body)),
                "Cache-Control": "no-store",
                **problem.DEFAULT_HEADERS,
            }
        )
        start_line = httputil.ResponseStartLine("HTTP/1.1", answer.status, answer.title)
        self._connection.write_headers(start_line, headers, None if self._bodiless else body)
        self._lingered = asyncio.get_running_loop().call_later(_LINGER_S, self._end)

    def _end(self) -> None:
        if self._lingered is not None:
            self._lingered.cancel()
            self._lingered = None
            self._connection.finish()


def _announced_bytes(headers: httputil.HTTPHeaders) -> int:
    length = headers.get("Content-Length", "")
    # Anything but digits is refused by Tornado's parser, as malformed HTTP.
    return int(length) if length.isdecimal() and len(length) <= 20 else 0
