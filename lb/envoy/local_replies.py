"""What Envoy answers itself: problem documents, and to streams "come back later"."""

from __future__ import annotations

import http
from collections.abc import Mapping

from lb.envoy.routes import STREAM_PATH
from lb.envoy.shapes import Json

# A detail for each status that Envoy is known to answer by itself, without its own words on hosts and connections.
_DETAILS = {
    400: "this is not a valid HTTP request: %RESPONSE_CODE_DETAILS%",
    403: "this is not possible here",
    404: "no such path",
    405: "GET is the only method of a stream",
    408: "the request did not arrive in time",
    413: "the body is too large",
    414: "the URL is too long",
    426: "HTTP/1.1 or newer is needed",
    431: "the headers and the URL are too large, or there are too many headers",
    502: "the service answered with something that is not HTTP",
    503: "the service is not there or broke off; try again",
    504: "the service did not answer in time",
}
# As the RMS answers a stream: a page of another origin would take an answer without the last one for an error.
_STREAM_HEADERS = {
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
    "x-content-type-options": "nosniff",
    "access-control-allow-origin": "*",
}
_PROBLEM_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


def local_reply_config() -> Json:
    """The first mapper that fits is applied; the last resort is a problem without a detail of its own."""
    return {
        "mappers": [_stream_mapper(), *(_problem_mapper(status) for status in _DETAILS)],
        "body_format": _problem("Error", "this request could not be served"),
    }


def _stream_mapper() -> Json:
    """No RMS can take this viewer: 200 and a wait, because an EventSource gives up for good on an error status.

    The wait is 3 s and the request's own milliseconds, so that those who were turned away do not all come at once.
    """
    is_stream = _header(":path", f"^{STREAM_PATH}(\\?.*)?$")
    is_get = _header(":method", "GET")
    return {
        "filter": {"and_filter": {"filters": [_status("GE", 500), is_stream, is_get]}},
        "status_code": 200,
        "body_format_override": {
            "text_format_source": {"inline_string": "retry: 3%START_TIME(%3f)%\n\n"},
            "content_type": "text/event-stream",
        },
        "headers_to_add": _headers(_STREAM_HEADERS),
    }


def _problem_mapper(status: int) -> Json:
    extra = {"retry-after": "1"} if status == 503 else {}
    return {
        "filter": _status("EQ", status),
        "body_format_override": _problem(http.HTTPStatus(status).phrase, _DETAILS[status]),
        "headers_to_add": _headers(_PROBLEM_HEADERS | extra),
    }


def _problem(title: str, detail: str) -> Json:
    document = {"type": "about:blank", "title": title, "status": "%RESPONSE_CODE%", "detail": detail}
    return {"json_format": document, "content_type": "application/problem+json"}


def _headers(headers: Mapping[str, str]) -> list[Json]:
    return [{"header": {"key": name, "value": value}} for name, value in headers.items()]


def _status(op: str, status: int) -> Json:
    value = {"default_value": status, "runtime_key": "livecomments.local_reply"}
    return {"status_code_filter": {"comparison": {"op": op, "value": value}}}


def _header(name: str, regex: str) -> Json:
    return {"header_filter": {"header": {"name": name, "string_match": {"safe_regex": {"regex": regex}}}}}
