"""Refusals over HTTP: each reason's status, and the problem document with the headers that belong to it."""

from __future__ import annotations

from comment_service.rates import Standing
from comment_service.reasons import RefusalReason
from comment_service.refusal import RateLimited, Refusal, Unauthenticated
from service_kit.auth.bearer import challenge
from service_kit.problem import Problem

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
# For a problem that names no reason: of those that share a status the first, which is the plainest.
REASON = {status: reason for reason, status in reversed(STATUS.items())}
# A field's name in JSON and in the query, where it is not the project's own.
_NAMES = {
    "reply_to": "replyTo",
    "page_size": "pageSize",
    "idempotency_key": "Idempotency-Key",
    "live_video_id": "liveVideoId",
    "duration_s": "durationS",
    "new_password": "newPassword",
}


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
