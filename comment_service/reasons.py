"""Why this process refuses: the same code in the log, in the metric's label and in the edges' tables."""

from __future__ import annotations

from enum import StrEnum


class RefusalReason(StrEnum):
    """A request that did not get what it asked for."""

    INVALID_ARGUMENT = "invalid_argument"
    UNAUTHENTICATED = "unauthenticated"
    WRONG_LOGIN = "wrong_login"
    FORBIDDEN = "forbidden"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105
    BANNED = "banned"
    BLOCKED_WORD = "blocked_word"
    NOT_WATCHING = "not_watching"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    TAKEN = "taken"
    VIDEO_ENDED = "video_ended"
    RESOLVED = "resolved"
    KEY_REUSED = "key_reused"
    RATE_LIMITED = "rate_limited"
    SLOW_MODE = "slow_mode"
    TOO_SLOW = "too_slow"
    RANGE_NOT_SATISFIABLE = "range_not_satisfiable"
    BODY_TOO_LARGE = "body_too_large"
    URL_TOO_LONG = "url_too_long"
    HEADERS_TOO_LARGE = "headers_too_large"
    UNIMPLEMENTED = "unimplemented"
    PASSWORDS_BUSY = "passwords_busy"
    STORE_UNAVAILABLE = "store_unavailable"
    STORE_OVERLOADED = "store_overloaded"
    INTERNAL = "internal"


class ReactionDropReason(StrEnum):
    """Reactions that were not told of, or to a video and given up. Those to comments are stored all the same."""

    NEWS_FULL = "news_full"  # so many comments and videos are reacted to
    FAILED = "failed"  # by a fault of this side; it is logged
    DRAIN_CUT_OFF = "drain_cut_off"  # the process ended before the store took them
    IN_DOUBT = "in_doubt"  # the store did not say whether it counted them, and once more might be twice


class WordFileFault(StrEnum):
    """A file of blocked words that changed and cannot be used; the words read before stay."""

    UNREADABLE = "unreadable"
    MALFORMED = "malformed"
