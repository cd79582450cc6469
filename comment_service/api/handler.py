"""What all handlers of the HTTP API share."""

from __future__ import annotations

import asyncio
import time
from asyncio import Future
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tornado import httputil, web

from comment_service.api.refusals import REASON, problem_of, rate_headers
from comment_service.authentication import authenticate, authenticate_reader
from comment_service.metrics import CommentServiceMetrics
from comment_service.rates import Action
from comment_service.rates.addresses import TrustedProxies
from comment_service.reasons import RefusalReason
from comment_service.refusal import Refusal
from comment_service.sender import Sender
from comment_service.services import Services
from service_kit.auth.identity import Identity
from service_kit.problem import Problem, ProblemHandler
from service_kit.video_id import is_video_id

TICKET_HEADER = "Livecomments-Ticket"
API_HEADERS = {
    "Content-Type": "application/json",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


class Traffic:
    """Requests that are being answered, and whether the process is ending (``draining``)."""

    def __init__(self) -> None:
        self.draining = False
        self.in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def began(self) -> None:
        """A request has come in."""
        self.in_flight += 1
        self._idle.clear()

    def ended(self) -> None:
        """One has been answered."""
        self.in_flight -= 1
        if not self.in_flight:
            self._idle.set()

    async def idle(self) -> None:
        """Waits until no request is being answered."""
        await self._idle.wait()


@dataclass(frozen=True)
class Context:
    """What the handlers work with. ``public_s``: seconds for which others may keep settled history; 0: none at all."""

    services: Services
    metrics: CommentServiceMetrics
    traffic: Traffic
    proxies: TrustedProxies = field(default_factory=TrustedProxies)
    public_s: int = 1

    def client(self, request: httputil.HTTPServerRequest) -> str | None:
        """The IP address that a request comes from, where that is known."""
        return self.proxies.client_of(request.remote_ip, request.headers)

    def identity(self, request: httputil.HTTPServerRequest) -> Identity:
        """Whom a request's token speaks for. Raises ``Unauthenticated``."""
        return authenticate(self.services.verifier, request.headers.get("Authorization"))

    def sender(self, request: httputil.HTTPServerRequest) -> Sender:
        """Who sends a request. Raises ``Unauthenticated``."""
        return Sender(self.identity(request), self.client(request), request.headers.get(TICKET_HEADER))

    def admitted(
        self, request: httputil.HTTPServerRequest, action: Action, live_video_id: str | None = None
    ) -> tuple[Sender, Mapping[str, str]]:
        """Who sends a request, which counts as ``action``, and headers that tell what is left of the limit.

        Raises ``Unauthenticated`` and ``RateLimited``.
        """
        sender = self.sender(request)
        standing = self.services.rates.take(action, sender, live_video_id)
        return sender, {} if standing is None else rate_headers(standing)

    def refused(self, problem: Problem, reason: RefusalReason | None = None) -> Problem:
        """Counts it, and gives it back. ``reason`` None: the plainest that has the problem's status."""
        reason = reason or REASON.get(problem.status, RefusalReason.INTERNAL)
        self.metrics.refused.labels("http", reason).inc()
        return problem


class ApiHandler(ProblemHandler):
    """A handler with metrics, the use cases, and every refusal as a problem document.

    Subclasses set ``operation``, the name of what they do in metrics, and ``public`` where a GET needs no token even
    if reading does.
    """

    operation = "other"
    public = False

    def initialize(self, context: Context) -> None:
        self.context = context
        self._began = time.perf_counter()
        context.traffic.began()

    def set_default_headers(self) -> None:
        super().set_default_headers()
        self.put_headers(API_HEADERS)

    def prepare(self) -> None:
        if self.context.traffic.draining:
            self.set_header("Connection", "close")
        if self._for_readers_alone:
            self._reader()

    def finish(self, chunk: str | bytes | dict[str, Any] | None = None) -> Future[None]:
        if not self._headers_written:
            self.limit_caches()
        return super().finish(chunk)

    def limit_caches(self) -> None:
        """Whatever the handler allows: what one reader may see, no cache may give to another.

        For handlers that flush their headers; done by ``finish`` for the rest.
        """
        if self._for_readers_alone:
            stored = "no-store" in self._headers.get("Cache-Control", "")
            self.set_header("Cache-Control", "no-store" if stored else "private, no-cache")
            self.add_header("Vary", "Authorization, Cookie")

    def decode_argument(self, value: bytes, name: str | None = None) -> str:
        # Of the path: what is no UTF-8 is no id, and thus 404 and not 400.
        return value.decode("utf-8", "replace")

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        if not isinstance(value, Refusal):
            super().log_exception(typ, value, tb)

    def problem_of(self, status: int, error: BaseException | None) -> Problem:
        if isinstance(error, Refusal):
            return self.context.refused(problem_of(error), error.reason)
        return self.context.refused(super().problem_of(status, error))

    def on_finish(self) -> None:
        self.context.traffic.ended()
        took_s = time.perf_counter() - self._began
        # A client can make up methods, and each would be a series of its own.
        method = self.request.method if self.request.method in self.SUPPORTED_METHODS else "other"
        self.context.metrics.request_s.labels("http", f"{method} {self.operation}").observe(took_s)

    def video(self, live_video_id: str) -> str:
        """The path's video id; 404 where it is none."""
        return video_in_path(live_video_id)

    def sender(self) -> Sender:
        """Who sends this request. Raises ``Unauthenticated``."""
        return self.context.sender(self.request)

    def admitted(self, action: Action, live_video_id: str | None = None) -> Sender:
        """Who sends this request, which counts as ``action``; the answer tells what is left of the limit.

        Raises ``Unauthenticated`` and ``RateLimited``.
        """
        sender, headers = self.context.admitted(self.request, action, live_video_id)
        self.put_headers(headers)
        return sender

    def identity(self) -> Identity:
        """Whom the request's token speaks for. Raises ``Unauthenticated``."""
        return self.context.identity(self.request)

    def client_address(self) -> str | None:
        """The client's IP address: Envoy's word, which it takes from nobody, else the connection's other end."""
        return self.context.client(self.request) or self.request.remote_ip

    @property
    def _for_readers_alone(self) -> bool:
        reads = self.request.method in {"GET", "HEAD"}
        return reads and not self.public and self.context.services.read_needs_token

    def _reader(self) -> Identity:
        headers = self.request.headers
        return authenticate_reader(
            self.context.services.verifier, headers.get_list("Authorization"), headers.get_list("Cookie")
        )


class UnknownPathHandler(ApiHandler):
    """Every path that no other handler has."""

    public = True

    def prepare(self) -> None:
        raise Problem(404, "no such path")


def video_in_path(text: str) -> str:
    """The path's video id; 404 where it is none."""
    if not is_video_id(text):
        raise Problem(404, "liveVideoId is not 1 to 64 of A-Z a-z 0-9 _ -")
    return text


def log_nothing(_handler: web.RequestHandler) -> None:
    """Instead of Tornado's access log: requests are counted, and a URL is nothing to keep."""


def header_bytes(headers: httputil.HTTPHeaders) -> int:
    """Bytes of all headers on the wire."""
    return sum(len(name) + len(value) + 4 for name, value in headers.get_all())
