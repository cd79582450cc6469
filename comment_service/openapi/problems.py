"""Every error's answer: a problem document of RFC 9457. Pure."""

from __future__ import annotations

from http import HTTPStatus

from comment_service.openapi.parts import Part, problem_name, ref, schema

# status → when, and what an example says
_PROBLEMS: dict[int, tuple[str, str]] = {
    400: ("A parameter or a field is malformed, missing, out of range or given twice.", "content is missing"),
    401: ("No token, or one that is not good; WWW-Authenticate says why.", "this needs Authorization: Bearer <JWT>"),
    403: (
        "Not this user's to do, banned, a wrong password, a word that is not allowed, or not watching.",
        "only moderators may do that",
    ),
    404: ("There is nothing of that id, or the id is none.", "liveVideoId is not 1 to 64 of A-Z a-z 0-9 _ -"),
    408: ("The body did not arrive in time.", "the body did not arrive within 60 s"),
    409: ("It cannot be done as things are: ended, taken, resolved already.", "the video match-42 has ended"),
    413: ("The body is over its limit.", "the body is over 65536 bytes"),
    414: ("The URL is over its limit.", "the URL is over 4096 bytes"),
    415: ("The body is of another type.", "the body has to be application/json in UTF-8"),
    416: ("The image has fewer bytes.", "the image has 4711 bytes"),
    422: ("The Idempotency-Key came before, with another request.", "the idempotency key came before"),
    429: ("Over a limit, or slow mode; Retry-After says when to come back.", "at most 1200 posts a minute"),
    431: ("The headers are over their limit.", "the headers are over 16384 bytes"),
    500: ("A fault of this side, which is logged.", "something went wrong on this side; it is logged"),
    503: (
        "Not at the moment; come back after Retry-After. Where `detail` does not say that nothing was stored, it may "
        "have been: with the same Idempotency-Key a post is made once.",
        "the store cannot be reached at the moment; nothing was stored",
    ),
}
_HEADERS = {
    401: ("WWW-Authenticate",),
    405: ("Allow",),
    416: ("Content-Range",),
    429: ("Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "RateLimit-Policy"),
    503: ("Retry-After",),
}


def responses() -> Part:
    """``components/responses``."""
    return {problem_name(status): _problem(status, *texts) for status, texts in _PROBLEMS.items()}


def _problem(status: int, when: str, detail: str) -> Part:
    example = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    headers = ("X-Content-Type-Options", *_HEADERS.get(status, ()))
    return {
        "description": when,
        "headers": {name: ref("headers", name) for name in headers},
        "content": {"application/problem+json": {"schema": schema("Problem"), "example": example}},
    }
