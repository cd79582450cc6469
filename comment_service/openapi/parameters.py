"""Parameters and headers that operations share. Pure."""

from __future__ import annotations

from comment_service.api.query import MAX_PAGE_SIZE
from comment_service.idempotency import MAX_KEY_CHARACTERS
from comment_service.moderation.records import ReportStatus
from comment_service.openapi.parts import Part, schema
from comment_service.page import DEFAULT_SIZE, Direction, Sort

ID_EXAMPLE = "381884012707018752"
MEDIA_EXAMPLE = "ab" * 32


def shared_parameters() -> Part:
    """``components/parameters``."""
    return _in_paths() | _in_queries() | _in_headers()


def _in_paths() -> Part:
    return {
        "liveVideoId": _path("liveVideoId", "VideoId", "match-42"),
        "commentId": _path("commentId", "Id", ID_EXAMPLE),
        "reportId": _path("reportId", "Id", ID_EXAMPLE),
        "kind": _path("kind", "ReactionKind", "love"),
        "userId": _path("userId", "UserId", "u-17"),
        "username": _path("username", "Username", "ada"),
        "mediaId": _path("mediaId", "MediaId", MEDIA_EXAMPLE),
        "file": {
            "name": "file",
            "in": "path",
            "required": True,
            "description": "The path of one of the page's files.",
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9_./-]+$"},
            "example": "livecomments.js",
        },
    }


def _in_queries() -> Part:
    cursor = "An id, which need not exist (any more). Without it the page begins at the end."
    size = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": DEFAULT_SIZE}
    return {
        "cursor": _query("cursor", schema("Id"), cursor),
        "pageSize": _query("pageSize", size, "How many at most."),
        "direction": _query(
            "direction",
            _choice(Direction, Direction.BEFORE),
            "Strictly older or strictly newer than the cursor; the nearest to it are taken first.",
        ),
        "sort": _query("sort", _choice(Sort, Sort.DESC), "How the page is ordered: newest or oldest first."),
        "status": _query("status", _choice(ReportStatus, ReportStatus.OPEN), "Reports of this status."),
        "bannedFrom": _query("liveVideoId", schema("VideoId"), "The video of the ban; without it the one everywhere."),
    }


def _in_headers() -> Part:
    key = {"type": "string", "pattern": f"^[!-~]{{1,{MAX_KEY_CHARACTERS}}}$"}
    return {
        "Idempotency-Key": _header(
            "Idempotency-Key",
            key,
            "The same key with the same request again gives the same comment, for 24 hours.",
            "0d3f6c1e-8c1b-4a53-9d4c-8a4f5f7d2b10",
        ),
        "Livecomments-Ticket": _header(
            "Livecomments-Ticket",
            {"type": "string"},
            "The stream's ticket, where only who is watching may post.",
            "1.1795262520.q83vEjRWeJCrze8SNFZ4kA",
        ),
        "If-None-Match": _header(
            "If-None-Match", {"type": "string"}, "An ETag: 304 where it still holds.", '"5d41402a"'
        ),
        "Cache-Control": _header(
            "Cache-Control", {"type": "string"}, "no-cache: what is there now, whatever is kept on the way.", "no-cache"
        ),
        "If-Modified-Since": _header(
            "If-Modified-Since",
            {"type": "string"},
            "A time of HTTP: 304 where nothing is newer.",
            "Sat, 21 Nov 2026 12:00:00 GMT",
        ),
        "Range": _header("Range", {"type": "string"}, "One range of bytes; anything else: all of it.", "bytes=0-1023"),
        "If-Range": _header("If-Range", {"type": "string"}, "The ETag that the Range is of.", f'"{MEDIA_EXAMPLE}"'),
    }


def shared_headers() -> Part:
    """``components/headers``: of answers."""
    return {
        "Location": _text("The path of what was made."),
        "ETag": _text("Of this answer; for If-None-Match."),
        "Cache-Control": _text("How long, and by whom, the answer may be kept."),
        "Set-Cookie": _text(
            "The cookie livecomments_token: HttpOnly, SameSite=Strict. Good for reading and streaming."
        ),
        "WWW-Authenticate": _text("Bearer, and what is wrong with the token."),
        "Content-Range": _text("Which bytes these are."),
        "Content-Encoding": _text("gzip, where the client accepts it."),
        "Retry-After": _number("Seconds to wait.", 1),
        "RateLimit-Limit": _number("So many are possible in the window."),
        "RateLimit-Remaining": _number("So many are left of it."),
        "RateLimit-Reset": _number("Seconds until it is whole again."),
        "RateLimit-Policy": _text("The limit and its window in seconds: 1200;w=60."),
        "X-Content-Type-Options": {"required": True, "schema": {"const": "nosniff"}},
    }


def _path(name: str, schema_name: str, example: str) -> Part:
    return {"name": name, "in": "path", "required": True, "schema": schema(schema_name), "example": example}


def _query(name: str, of: Part, description: str) -> Part:
    return {"name": name, "in": "query", "description": description, "schema": of}


def _header(name: str, of: Part, description: str, example: str) -> Part:
    return {"name": name, "in": "header", "description": description, "schema": of, "example": example}


def _choice(kind: type[Direction] | type[Sort] | type[ReportStatus], default: str) -> Part:
    return {"type": "string", "enum": [each.value for each in kind], "default": str(default)}


def _text(description: str) -> Part:
    return {"description": description, "schema": {"type": "string"}}


def _number(description: str, minimum: int = 0) -> Part:
    return {"description": description, "schema": {"type": "integer", "minimum": minimum}}
