"""What a request is answered with, whichever edge it came by."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from math import inf

from rms.admission import retries_elsewhere
from rms.frames import opening
from rms.hub import Hub
from rms.metrics import ServiceMetrics
from rms.reasons import RefusalReason
from rms.stream_request import STREAM_HEADERS, StreamRequest, parse_stream_request
from rms.tickets import TicketOffice
from service_kit.auth.bearer import challenge, reader_token
from service_kit.auth.tokens import TokenError, TokenVerifier
from service_kit.problem import CONTENT_TYPE, Problem


@dataclass(frozen=True, slots=True)
class ReceptionLimits:
    """How requests are answered. The defaults are the settings' defaults."""

    last_attempt: int = 4
    """The proxy's attempt that no other follows: the first and its retries."""
    retry_ms: int = 2_000
    """How long a browser waits before it comes back; half to one and a half of it, so that not all come at once."""
    full_retry_ms: int = 30_000
    """The same where there is no room."""
    gzip: bool = True
    """Whoever accepts gzip gets it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response. ``body`` is empty for HEAD, whose ``Content-Length`` tells of the one that it would have."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Reception:
    """Lets requests for a stream through for which ``hub`` has room, and has an answer for all others.

    ``verifier``: checks the token that every viewer needs; None where streams are public. ``tickets``: what a viewer
    of a video is given to post with; None where posting needs none.
    """

    def __init__(
        self,
        hub: Hub,
        metrics: ServiceMetrics,
        limits: ReceptionLimits | None = None,
        *,
        verifier: TokenVerifier | None = None,
        tickets: TicketOffice | None = None,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._hub = hub
        self._verifier = verifier
        self._tickets = tickets
        self._now_s = now_s
        self._metrics = metrics
        self._limits = limits or ReceptionLimits()

    def receive(
        self,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str]],
        *,
        has_body: bool = False,
        room: bool = True,
    ) -> StreamRequest | Answer:
        """A request whose viewer is to be given to the hub in this turn of the loop, or what to answer instead.

        ``has_body``: the edge knows of one without a header that says so. ``room``: the edge itself has some.
        """
        try:
            request = self._admitted(parse_stream_request(method, target, headers, has_body=has_body))
        except Problem as problem:
            self._metrics.bad_requests.labels(problem.status).inc()
            return _answer_problem(problem, method)
        refusal = self._hub.refusal(request.video) if room else RefusalReason.NODE_FULL
        if refusal is not None:
            return self._refuse(request, refusal)
        return request if self._limits.gzip else replace(request, accepts_gzip=False)

    def opening(self, video: str) -> bytes:
        """The first bytes of a stream of ``video`` that was let through."""
        retry_ms = self._limits.retry_ms
        first = opening(random.randint(retry_ms // 2, retry_ms * 3 // 2))  # noqa: S311 - spreads load
        return first if self._tickets is None else first + self._tickets.frame(video).data

    def _admitted(self, request: StreamRequest) -> StreamRequest:
        """The request as it goes on, without its token. Raises ``Problem`` 401."""
        max_age_s = inf
        if self._verifier is not None:
            try:
                token = reader_token(request.authorization, request.cookies)
                max_age_s = self._verifier.check(token).expires_at_s - self._now_s()
            except TokenError as error:
                # An EventSource gives up at this, which is right: it would bring the same token for ever.
                fault = str(error) if error.presented else None
                raise Problem(401, str(error), headers={"WWW-Authenticate": challenge(fault)}) from None
        return replace(request, authorization=(), cookies=(), max_age_s=max_age_s)

    def _refuse(self, request: StreamRequest, reason: RefusalReason) -> Answer:
        elsewhere = retries_elsewhere(request.attempt, self._limits.last_attempt)
        self._metrics.refused.labels(reason, 503 if elsewhere else 200).inc()
        if elsewhere:
            return _answer_problem(Problem(503, f"no room here: {reason}"), "GET")
        # An error status would make an EventSource give up for good.
        return _answer(200, STREAM_HEADERS, opening(self._limits.full_retry_ms))


def _answer_problem(problem: Problem, method: str) -> Answer:
    headers = {
        "Content-Type": CONTENT_TYPE,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Access-Control-Allow-Origin": "*",
        **problem.headers,
    }
    answer = _answer(problem.status, tuple(headers.items()), problem.body())
    return Answer(answer.status, answer.headers, b"") if method == "HEAD" else answer


def _answer(status: int, headers: tuple[tuple[str, str], ...], body: bytes) -> Answer:
    return Answer(status, (*headers, ("Content-Length", str(len(body)))), body)
