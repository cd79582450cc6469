"""Where viewers connect: HTTP/1.1 and HTTP/2, in the clear or over TLS."""

from __future__ import annotations

from lb.envoy import shapes
from lb.envoy.local_replies import local_reply_config
from lb.envoy.routes import route_config
from lb.envoy.settings import EnvoySettings
from lb.envoy.shapes import Json, seconds, socket_address, socket_option, typed

# Edge values of Envoy's own "best practices": the windows of a connection and of each of its streams.
_CONNECTION_WINDOW_BYTES = 1024 * 1024
_STREAM_WINDOW_BYTES = 65536


def edge_listener(settings: EnvoySettings) -> Json:
    """The one listener; the protocol is told from the first bytes (or by ALPN)."""
    chain: Json = {"filters": [_http_connection_manager(settings)]}
    if settings.tls_certificate_file is not None:
        chain["transport_socket"] = _tls(settings)
    return {
        "name": "edge",
        "address": socket_address(settings.host, settings.port),
        "per_connection_buffer_limit_bytes": settings.buffer_bytes,
        "socket_options": _socket_options(settings),
        "filter_chains": [chain],
    }


def _socket_options(settings: EnvoySettings) -> list[Json]:
    """Inherited by viewers' sockets: bounds what the kernel holds for one, and ends those who are gone.

    A timeout in Envoy's route would do the second as well, at a tenth of the price of every delivery.
    """
    timeout_s = max(1, int(settings.dead_viewer_timeout_s))
    probes = 3
    options = (
        ("SO_SNDBUF", shapes.SOL_SOCKET, shapes.SO_SNDBUF, settings.buffer_bytes),
        ("SO_KEEPALIVE", shapes.SOL_SOCKET, shapes.SO_KEEPALIVE, 1),
        ("TCP_KEEPIDLE", shapes.IPPROTO_TCP, shapes.TCP_KEEPIDLE, timeout_s),
        ("TCP_KEEPINTVL", shapes.IPPROTO_TCP, shapes.TCP_KEEPINTVL, max(1, timeout_s // probes)),
        ("TCP_KEEPCNT", shapes.IPPROTO_TCP, shapes.TCP_KEEPCNT, probes),
        ("TCP_USER_TIMEOUT", shapes.IPPROTO_TCP, shapes.TCP_USER_TIMEOUT, timeout_s * 1000),
    )
    return [socket_option(*option) for option in options]


def _http_connection_manager(settings: EnvoySettings) -> Json:
    manager = typed(
        "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="edge",
        codec_type="AUTO",
        **_limits(settings),
        **_hygiene(settings),
        route_config=route_config(settings),
        local_reply_config=local_reply_config(),
        http_filters=_http_filters(settings),
    )
    if settings.access_log is not None:
        manager["access_log"] = [_access_log(settings.access_log)]
    return {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}


def _limits(settings: EnvoySettings) -> Json:
    return {
        # Streams are silent for as long as their video is; the socket options end dead ones.
        "stream_idle_timeout": "0s",
        "request_headers_timeout": "10s",
        "request_timeout": seconds(settings.upload_timeout_s),
        # The default of 1 s keeps the end of a stream from the browser for as long.
        "delayed_close_timeout": "0.05s",
        "max_request_headers_kb": settings.max_header_kb,
        "common_http_protocol_options": {
            "idle_timeout": seconds(settings.idle_timeout_s),
            "max_headers_count": settings.max_headers,
            "max_requests_per_connection": settings.max_requests_per_connection,
            # "x_forwarded_for" is "x-forwarded-for" to many a server behind; no browser sends such names.
            "headers_with_underscores_action": "DROP_HEADER",
        },
        # Any method reaches the path that refuses it, as it does over HTTP/2: 405 with Allow, instead of a bare 400.
        "http_protocol_options": {"allow_custom_methods": True},
        "http2_protocol_options": {
            "max_concurrent_streams": settings.max_streams_per_connection,
            "initial_stream_window_size": _STREAM_WINDOW_BYTES,
            "initial_connection_window_size": _CONNECTION_WINDOW_BYTES,
        },
    }


def _hygiene(settings: EnvoySettings) -> Json:
    """What is believed of a request, and what is told of the inside."""
    return {
        "use_remote_address": True,
        "xff_num_trusted_hops": settings.trusted_hops,
        # x-envoy-* headers of a request are removed unless it comes from an "internal" address, and no request comes
        # from this one. An empty list would mean all private networks.
        "internal_address_config": {"cidr_ranges": [{"address_prefix": "255.255.255.255", "prefix_len": 32}]},
        "normalize_path": True,
        "merge_slashes": False,
        # "a%2Fb" is no video id; undecoded it gets its 404 where all other ids get theirs.
        "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
        "generate_request_id": False,
        "server_name": "livecomments",
        "server_header_transformation": "OVERWRITE",
    }


def _http_filters(settings: EnvoySettings) -> list[Json]:
    # Takes a body in before a comment service sees the request, so that a slow sender holds none of them.
    buffer = typed("extensions.filters.http.buffer.v3.Buffer", max_request_bytes=settings.max_body_bytes)
    router = typed("extensions.filters.http.router.v3.Router", suppress_envoy_headers=True)
    return [
        {"name": "envoy.filters.http.buffer", "typed_config": buffer},
        {"name": "envoy.filters.http.router", "typed_config": router},
    ]


def _access_log(path: str) -> Json:
    """One JSON line a request: no query, no headers of the viewer's, so no token."""
    fields = {
        "time": "%START_TIME%",
        "method": "%REQ(:METHOD)%",
        "path": "%PATH(NQ)%",
        "protocol": "%PROTOCOL%",
        "status": "%RESPONSE_CODE%",
        "reason": "%RESPONSE_CODE_DETAILS%",
        "flags": "%RESPONSE_FLAGS%",
        "duration_ms": "%DURATION%",
        "bytes_in": "%BYTES_RECEIVED%",
        "bytes_out": "%BYTES_SENT%",
        "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
        "route": "%ROUTE_NAME%",
        "upstream": "%UPSTREAM_HOST%",
        "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    }
    return {
        "name": "envoy.access_loggers.file",
        "typed_config": typed(
            "extensions.access_loggers.file.v3.FileAccessLog", path=path, log_format={"json_format": fields}
        ),
    }


def _tls(settings: EnvoySettings) -> Json:
    certificate = {
        "certificate_chain": {"filename": str(settings.tls_certificate_file)},
        "private_key": {"filename": str(settings.tls_key_file)},
    }
    return {
        "name": "envoy.transport_sockets.tls",
        "typed_config": typed(
            "extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            common_tls_context={
                "alpn_protocols": ["h2", "http/1.1"],
                "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
                "tls_certificates": [certificate],
            },
        ),
    }
