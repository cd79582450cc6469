"""What all handlers of the HTTP API share."""

from __future__ import annotations

import asyncio
import time
from asyncio import Future
from dataclasses import dataclass, field
from typing import Any

from tornado import httputil, web

from comment_service.authentication import authenticate, authenticate_reader
from comment_service.metrics import CommentServiceMetrics
from comment_service.rates import Action, Standing
from comment_service.rates.addresses import TrustedProxies
from comment_service.reasons import RefusalReason
from comment_service.refusal import RateLimited, Refusal, Unauthenticated
from comment_service.sender import Sender
from comment_service.services import Services
from service_kit.auth.bearer import challenge
from service_kit.auth.identity import Identity
from service_kit.problem import Problem, ProblemHandler
from service_kit.video_id import is_video_id

STATUS = {
    RefusalReason.INVALID_ARGUMENT: 400,
    RefusalReason.UNAUTHENTICATED: 401,
    RefusalReason.WRONG_LOGIN: 401,
    RefusalReason.FORBIDDEN: 403,
    RefusalReason.WRONG_PASSWORD: 403,
    RefusalReason.BANNED: 403,
    RefusalReason.BLOCKED_WORD: 403,
    RefusalReason.NOT_WATCHING: 403,
    RefusalReason.NOT_FOUND: 404,
    RefusalReason.METHOD_NOT_ALLOWED: 405,
    RefusalReason.TOO_SLOW: 408,
    RefusalReason.TAKEN: 409,
    RefusalReason.VIDEO_ENDED: 409,
    RefusalReason.RESOLVED: 409,
    RefusalReason.BODY_TOO_LARGE: 413,
    RefusalReason.URL_TOO_LONG: 414,
    RefusalReason.UNSUPPORTED_MEDIA_TYPE: 415,
    RefusalReason.RANGE_NOT_SATISFIABLE: 416,
    RefusalReason.KEY_REUSED: 422,
    RefusalReason.RATE_LIMITED: 429,
    RefusalReason.SLOW_MODE: 429,
    RefusalReason.HEADERS_TOO_LARGE: 431,
    RefusalReason.INTERNAL: 500,
    RefusalReason.STORE_UNAVAILABLE: 503,
    RefusalReason.STORE_OVERLOADED: 503,
    RefusalReason.PASSWORDS_BUSY: 503,
}
TICKET_HEADER = "Livecomments-Ticket"
# For a problem that names no reason: of those that share a status the first, which is the plainest.
_REASON = {status: reason for reason, status in reversed(STATUS.items())}
# A field's name in JSON and in the query, where it is not the project's own.
_NAMES = {
    "reply_to": "replyTo",
    "page_size": "pageSize",
    "idempotency_key": "Idempotency-Key",
    "live_video_id": "liveVideoId",
    "duration_s": "durationS",
    "new_password": "newPassword",
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
        self.set_header("Content-Type", "application/json")
        self.set_header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")

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

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, Refusal):
            self.context.metrics.refused.labels("http", error.reason).inc()
            self.answer_problem(problem_of(error))
            return
        super().write_error(status_code, **kwargs)
        self.context.metrics.refused.labels("http", _REASON.get(self.get_status(), RefusalReason.INTERNAL)).inc()

    def on_finish(self) -> None:
        self.context.traffic.ended()
        took_s = time.perf_counter() - self._began
        # A client can make up methods, and each would be a series of its own.
        method = self.request.method if self.request.method in self.SUPPORTED_METHODS else "other"
        self.context.metrics.request_s.labels("http", f"{method} {self.operation}").observe(took_s)

    def video(self, live_video_id: str) -> str:
        """The path's video id; 404 where it is none."""
        if not is_video_id(live_video_id):
            raise Problem(404, "liveVideoId is not 1 to 64 of A-Z a-z 0-9 _ -")
        return live_video_id

    def sender(self) -> Sender:
        """Who sends this request. Raises ``Unauthenticated``."""
        return Sender(self.identity(), self._client(), self.request.headers.get(TICKET_HEADER))

    def admitted(self, action: Action, live_video_id: str | None = None) -> Sender:
        """Who sends this request, which counts as ``action``; the answer tells what is left of the limit.

        Raises ``Unauthenticated`` and ``RateLimited``.
        """
        sender = self.sender()
        standing = self.context.services.rates.take(action, sender, live_video_id)
        if standing is not None:
            for name, value in rate_headers(standing).items():
                self.set_header(name, value)
        return sender

    def identity(self) -> Identity:
        """Whom the request's token speaks for. Raises ``Unauthenticated``."""
        return authenticate(self.context.services.verifier, self.request.headers.get("Authorization"))

    def client_address(self) -> str | None:
        """The client's IP address: Envoy's word, which it takes from nobody, else the connection's other end."""
        return self._client() or self.request.remote_ip

    def _client(self) -> str | None:
        return self.context.proxies.client_of(self.request.remote_ip, self.request.headers)

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


def problem_of(refusal: Refusal) -> Problem:
    """The problem document of a refusal, with the headers that its status asks for."""
    headers = {}
    if refusal.retry_after_s is not None:
        headers["Retry-After"] = str(refusal.retry_after_s)
    if isinstance(refusal, RateLimited):
        headers |= rate_headers(Standing(refusal.limit, refusal.window_s, 0, refusal.retry_after_s or 1))
    if isinstance(refusal, Unauthenticated):
        headers["WWW-Authenticate"] = challenge(refusal.detail() if refusal.presented else None)
    return Problem(STATUS[refusal.reason], refusal.detail(_NAMES), headers=headers)


def rate_headers(standing: Standing) -> dict[str, str]:
    """As in draft 6 of the IETF's "RateLimit header fields for HTTP", which clients and proxies know best."""
    return {
        "RateLimit-Limit": str(standing.limit),
        "RateLimit-Remaining": str(standing.remaining),
        "RateLimit-Reset": str(standing.reset_s),
        "RateLimit-Policy": f"{standing.limit};w={standing.window_s}",
    }


def log_nothing(_handler: web.RequestHandler) -> None:
    """Instead of Tornado's access log: requests are counted, and a URL is nothing to keep."""


def header_bytes(headers: httputil.HTTPHeaders) -> int:
    """Bytes of all headers on the wire."""
    return sum(len(name) + len(value) + 4 for name, value in headers.get_all())
