"""Which node a request goes to, for how long, and when another one is tried."""

from __future__ import annotations

from lb.envoy.clusters import COMMENT_SERVICE, RMS
from lb.envoy.settings import EnvoySettings
from lb.envoy.shapes import Json, seconds, typed

# Only the letters of an id: whatever else looks like a stream gets the comment service's 404. Its length is left to the
# RMS, because "{1,64}" makes a program larger than Envoy allows.
STREAM_PATH = "/comments/[A-Za-z0-9_-]+/stream"
_UNBUFFERED: Json = {
    "envoy.filters.http.buffer": typed("extensions.filters.http.buffer.v3.BufferPerRoute", disabled=True)
}


def route_config(settings: EnvoySettings) -> Json:
    """Streams to the RMS of their video, everything else to the comment services."""
    routes = [
        connect_route(),
        stream_route(settings),
        stream_method_route(),
        image_upload_route(settings),
        image_route(settings),
        read_route(settings),
        write_route(settings),
    ]
    return {
        "name": "edge",
        "virtual_hosts": [
            {
                "name": "livecomments",
                "domains": ["*"],
                # By this the RMS knows the last attempt, on which it answers "come back later" and not 503.
                "include_request_attempt_count": True,
                "routes": routes,
            }
        ],
    }


def connect_route() -> Json:
    """A request for a tunnel: refused at once, because its body, which is to be taken in first, never ends."""
    return {
        "name": "connect",
        "match": {"connect_matcher": {}},
        "direct_response": {"status": 403},
        "typed_per_filter_config": _UNBUFFERED,
    }


def stream_route(settings: EnvoySettings) -> Json:
    """A viewer's stream: to the node that the video hashes to; a full, dead or silent node passes it on."""
    retry = _retry_policy("connect-failure,refused-stream,reset,retriable-status-codes", settings.rms_attempts - 1)
    retry |= {
        "retriable_status_codes": [503],
        # Bounds the wait for the headers; a stream that has begun is not cut.
        "per_try_timeout": "2s",
        "retry_back_off": {"base_interval": "0.005s", "max_interval": "0.025s"},
    }
    return {
        "name": "stream",
        "match": {"safe_regex": {"regex": STREAM_PATH}, "headers": [_method("GET")]},
        "route": {
            "cluster": RMS,
            "timeout": "0s",
            "hash_policy": [
                {
                    "header": {
                        "header_name": ":path",
                        "regex_rewrite": {
                            "pattern": {"regex": "^/comments/([^/?]+)/.*$"},
                            "substitution": "\\1",
                        },
                    },
                    "terminal": True,
                }
            ],
            "retry_policy": retry,
        },
    }


def stream_method_route() -> Json:
    """Any other method on a stream's path."""
    return {
        "name": "stream_method",
        "match": {"safe_regex": {"regex": STREAM_PATH}},
        "direct_response": {"status": 405},
        "response_headers_to_add": [{"header": {"key": "allow", "value": "GET"}}],
    }


def image_upload_route(settings: EnvoySettings) -> Json:
    """An image that is uploaded: passed on as it comes, because taking it in first would need memory for all of it.

    How much may come is for the comment service to say, which reads no further. The time is for the answer, from the
    body's end on.
    """
    route = write_route(settings)
    route["route"]["timeout"] = seconds(settings.image_timeout_s)
    return route | {"name": "image_upload", "match": {"path": "/media"}, "typed_per_filter_config": _UNBUFFERED}


def image_route(settings: EnvoySettings) -> Json:
    """An image that is shown: a read that may take as long as a slow viewer needs."""
    route = read_route(settings)
    route["route"]["timeout"] = seconds(settings.image_timeout_s)
    return route | {"name": "image", "match": {"prefix": "/media/", "headers": [_method("GET", "HEAD")]}}


def read_route(settings: EnvoySettings) -> Json:
    """Reads: any comment service, and another one where that did not answer."""
    retry = _retry_policy("connect-failure,refused-stream,reset", 2)
    retry["per_try_timeout"] = seconds(settings.request_timeout_s / 2)
    return {
        "name": "read",
        "match": {"prefix": "/", "headers": [_method("GET", "HEAD")]},
        "route": {
            "cluster": COMMENT_SERVICE,
            "timeout": seconds(settings.request_timeout_s),
            "retry_policy": retry,
        },
    }


def write_route(settings: EnvoySettings) -> Json:
    """Everything else: one user's requests meet one comment service, where that user's rate limit lives. So do those
    without a token from one address: attempts to log in and register.

    Tried again only while the service cannot have seen it: a comment must not be posted twice.
    """
    return {
        "name": "write",
        "match": {"prefix": "/"},
        "route": {
            "cluster": COMMENT_SERVICE,
            "timeout": seconds(settings.request_timeout_s),
            "hash_policy": [
                {"header": {"header_name": "authorization"}, "terminal": True},
                {"connection_properties": {"source_ip": True}},
            ],
            "retry_policy": _retry_policy("connect-failure,refused-stream,reset-before-request", 2),
        },
    }


def _retry_policy(retry_on: str, retries: int) -> Json:
    previous_hosts = "envoy.retry_host_predicates.previous_hosts"
    return {
        "retry_on": retry_on,
        "num_retries": retries,
        "retry_host_predicate": [
            {
                "name": previous_hosts,
                "typed_config": typed("extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"),
            }
        ],
        # Draws from the hash until a host is new. Ten draws miss the third of three hosts for 2 % of the videos.
        "host_selection_retry_max_attempts": 100,
    }


def _method(*methods: str) -> Json:
    match = {"exact": methods[0]} if len(methods) == 1 else {"safe_regex": {"regex": "|".join(methods)}}
    return {"name": ":method", "string_match": match}
