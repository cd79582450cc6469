"""What a viewer asks for, read from a request's method, target and headers. Pure; every edge uses it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf
from urllib.parse import parse_qsl, unquote

from service_kit.problem import Problem
from service_kit.video_id import is_video_id

MAX_TARGET_BYTES = 8 * 1024
MAX_HEADER_BYTES = 16 * 1024
MAX_PARAMETERS = 64
DEFAULT_BACKLOG = 100
MAX_BACKLOG = 1000
MAX_ID = 2**64 - 1

# Of every answer with status 200. `no-transform` keeps proxies from compressing, which would hold events back.
STREAM_HEADERS = (
    ("Content-Type", "text/event-stream"),
    ("Cache-Control", "no-store, no-transform"),
    ("X-Accel-Buffering", "no"),
    ("X-Content-Type-Options", "nosniff"),
    ("Vary", "Accept-Encoding"),
    # Streams are public: a page of any origin may watch.
    ("Access-Control-Allow-Origin", "*"),
)
GZIP_HEADERS = (*STREAM_HEADERS, ("Content-Encoding", "gzip"))


# Those that count.
_HEADERS = ("last-event-id", "x-envoy-attempt-count", "accept-encoding", "authorization", "cookie")
_NO_BODY = "the request must not have a body"
_PATH = re.compile(r"/comments/([^/]*)/stream\Z")
_QUALITY = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\Z", re.ASCII)
_DECIMAL = re.compile(r"[0-9]{1,20}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """A well-formed wish for a video's stream.

    Attributes:
        video: the ``liveVideoId``.
        resume_after: the id of the last comment that the viewer has; None for a viewer that has none.
        backlog: how many comments a viewer that has none wants first, 0 to 1,000.
        attempt: which attempt of the proxy this is, from 1; None where no proxy counts (``x-envoy-attempt-count``).
        accepts_gzip: the viewer would rather have the stream compressed.
        authorization: the ``Authorization`` headers.
        cookies: the ``Cookie`` headers.
        max_age_s: how long the viewer may stay at most: as long as its token is good.
    """

    video: str
    resume_after: int | None
    backlog: int
    attempt: int | None
    accepts_gzip: bool = False
    authorization: tuple[str, ...] = field(default=(), repr=False)
    cookies: tuple[str, ...] = field(default=(), repr=False)
    max_age_s: float = inf


def stream_headers(*, gzip: bool) -> tuple[tuple[str, str], ...]:
    """The headers of a stream's response; the same object each time."""
    return GZIP_HEADERS if gzip else STREAM_HEADERS


def parse_stream_request(
    method: str, target: str, headers: Iterable[tuple[str, str]], *, has_body: bool = False
) -> StreamRequest:
    """Reads a request for ``GET /comments/{liveVideoId}/stream``.

    ``target`` is the path with its query, as sent; ``headers`` are names in any case with their values; ``has_body``
    says that a body follows, where the headers need not.
    Parameters other than ``lastEventId`` and ``backlog`` are ignored: clients add their own against caches.
    The ``Last-Event-ID`` header wins over ``lastEventId``: a browser that comes back repeats the URL it began with.

    Raises ``Problem``: 414 and 431 over a limit, 404 another path or no video id, 405 another method, 400 naming the
    parameter that is malformed, out of range or given twice.
    """
    if len(target) > MAX_TARGET_BYTES:
        raise Problem(414, f"the URL is longer than {MAX_TARGET_BYTES} bytes")
    fields = _read_headers(headers)
    attempts = fields["x-envoy-attempt-count"]
    if has_body:
        raise Problem(400, _NO_BODY)
    path, _, query = target.partition("?")
    video = _video_of(path)
    if method != "GET":
        raise Problem(405, f"{method[:32]} is not possible here; GET is", headers={"Allow": "GET"})
    parameters = _parameters(query)
    resume_after = _number(parameters.get("lastEventId", []), "lastEventId", MAX_ID)
    last_event_id = _number(fields["last-event-id"], "Last-Event-ID", MAX_ID)
    backlog = _number(parameters.get("backlog", []), "backlog", MAX_BACKLOG)
    return StreamRequest(
        video=video,
        resume_after=resume_after if last_event_id is None else last_event_id,
        backlog=DEFAULT_BACKLOG if backlog is None else backlog,
        attempt=int(attempts[0]) if len(attempts) == 1 and _DECIMAL.match(attempts[0]) else None,
        accepts_gzip=_prefers_gzip(",".join(fields["accept-encoding"])),
        authorization=tuple(fields["authorization"]),
        cookies=tuple(fields["cookie"]),
    )


def _read_headers(headers: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """The values of the headers that count, by their names in lower case."""
    size = 0
    fields: dict[str, list[str]] = {name: [] for name in _HEADERS}
    for name, value in headers:
        size += len(name) + len(value)
        if size > MAX_HEADER_BYTES:
            raise Problem(431, f"the headers are longer than {MAX_HEADER_BYTES} bytes")
        lower = name.lower()
        if lower in fields:
            fields[lower].append(value)
        elif (lower == "content-length" and value.strip() != "0") or lower == "transfer-encoding":
            raise Problem(400, _NO_BODY)
    return fields


def _prefers_gzip(accepted: str) -> bool:
    """Of an ``Accept-Encoding`` (RFC 9110, 12.5.3): gzip is acceptable, and nothing is named that is liked better and
    can be had. What is malformed is not acceptable."""
    qualities: dict[str, float] = {}
    for coding in accepted.split(","):
        name, *parameters = (part.strip().lower() for part in coding.split(";"))
        qualities[name] = _quality(parameters)
    gzip = max(qualities.get("gzip", 0.0), qualities.get("x-gzip", 0.0))
    if "gzip" not in qualities and "x-gzip" not in qualities:
        gzip = qualities.get("*", 0.0)
    return gzip > 0 and gzip >= qualities.get("identity", 0.0)


def _quality(parameters: list[str]) -> float:
    if not parameters:
        return 1.0
    name, _, value = parameters[0].partition("=")
    return float(value) if name == "q" and len(parameters) == 1 and _QUALITY.match(value) else 0.0


def _video_of(path: str) -> str:
    match = _PATH.match(path)
    if match is None:
        raise Problem(404, "no such path")
    video = unquote(match[1])
    if not is_video_id(video):
        raise Problem(404, "no such video: liveVideoId is 1 to 64 of A-Z a-z 0-9 _ -")
    return video


def _parameters(query: str) -> dict[str, list[str]]:
    if not query:
        return {}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        raise Problem(400, f"the query has more than {MAX_PARAMETERS} parameters") from None
    parameters: dict[str, list[str]] = {}
    for name, value in pairs:
        parameters.setdefault(name, []).append(value)
    return parameters


def _number(values: list[str], name: str, most: int) -> int | None:
    if not values:
        return None
    if len(values) > 1:
        raise Problem(400, f"{name} is given {len(values)} times")
    if not _DECIMAL.match(values[0]) or int(values[0]) > most:
        raise Problem(400, f"{name} must be a decimal number from 0 to {most}")
    return int(values[0])
