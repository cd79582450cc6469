"""Where requests go: the RMS nodes, the comment services, and the control plane that names them."""

from __future__ import annotations

from lb.envoy import shapes
from lb.envoy.settings import EnvoySettings
from lb.envoy.shapes import Json, is_ip, seconds, socket_address, socket_option, split_address, typed

RMS = "rms"
COMMENT_SERVICE = "comment_service"
XDS = "xds"

# A circuit breaker that opens lets the 1,025th stream hang without a word; the limits that work are those on
# connections and memory (overload manager) and the RMS's own on viewers.
_NO_LIMIT = 1_000_000_000

# The default of 1,024 would open a second connection for the 1,025th viewer; the RMS's own limit counts as well.
_MAX_VIEWERS_A_CONNECTION = 1_000_000

_HTTP1: Json = {"http_protocol_options": {}}


def rms_cluster(settings: EnvoySettings) -> Json:
    """The nodes that hold the viewers' streams, chosen by a hash of the video."""
    if settings.rms_link == "http1":
        return _discovered_cluster(RMS, settings) | _upstream_http({"explicit_http_config": _HTTP1})
    protocol = {"http2_protocol_options": _viewers_as_streams(settings)}
    return (
        _discovered_cluster(RMS, settings)
        | _upstream_http({"explicit_http_config": protocol})
        | {"upstream_bind_config": {"socket_options": [_receive_buffer(settings)]}}
    )


def _receive_buffer(settings: EnvoySettings) -> Json:
    """Left to itself the kernel takes in tens of megabytes while Envoy is behind, and a quiet video's comments wait
    behind a giant's; with little room the node notices, and sends the giant's in fewer and larger pieces."""
    size = settings.rms_receive_buffer_bytes
    return socket_option("SO_RCVBUF", shapes.SOL_SOCKET, shapes.SO_RCVBUF, size)


def _viewers_as_streams(settings: EnvoySettings) -> Json:
    """One connection a worker and node carries all of the worker's viewers on that node."""
    return {
        "max_concurrent_streams": _MAX_VIEWERS_A_CONNECTION,
        # What Envoy holds at most for a viewer that reads slowly; its window is not raised until it has read.
        "initial_stream_window_size": 65_535,
        # Each that leaves is a RST_STREAM: with the defaults (10,000 frames and 1,000 control frames that wait to be
        # sent) a thousand who leave, or are tried elsewhere, at once would cost all others their connection.
        "max_outbound_frames": _NO_LIMIT,
        "max_outbound_control_frames": _NO_LIMIT,
        # Shared by all of them: a small one would be filled by a few slow ones, and stop the others.
        "initial_connection_window_size": 1024 * 1024 * 1024,
        # A hung node keeps its connection open: without this its viewers would hear nothing and stay.
        "connection_keepalive": {"interval": "1s", "timeout": seconds(settings.rms_ping_timeout_s)},
    }


def comment_service_cluster(settings: EnvoySettings) -> Json:
    """The nodes that answer everything else, over kept-alive HTTP/1.1 connections."""
    # Shorter than the service keeps an idle connection: where both end it at the same time, a post that is just
    # being sent fails, and it may not be sent again.
    options: Json = {
        "common_http_protocol_options": {"idle_timeout": "30s"},
        "explicit_http_config": _HTTP1,
    }
    return _discovered_cluster(COMMENT_SERVICE, settings) | _upstream_http(options)


def xds_cluster(settings: EnvoySettings) -> Json:
    """The control planes. Without one Envoy goes on with the endpoints it knows."""
    addresses = [split_address(each) for each in settings.xds.split(",")]
    endpoints = [{"endpoint": {"address": socket_address(host, port)}} for host, port in addresses]
    # Not the default 1.024 s: endpoints of a node that has just moved should not wait for a dead connection.
    keepalive = {"connection_keepalive": {"interval": "2s", "timeout": "2s"}}
    return {
        "name": XDS,
        "type": "STATIC" if all(is_ip(host) for host, _ in addresses) else "STRICT_DNS",
        "connect_timeout": "0.25s",
        "load_assignment": {"cluster_name": XDS, "endpoints": [{"lb_endpoints": endpoints}]},
    } | _upstream_http({"explicit_http_config": {"http2_protocol_options": keepalive}})


def _discovered_cluster(name: str, settings: EnvoySettings) -> Json:
    """A cluster whose hosts the control plane names and a hash picks."""
    return {
        "name": name,
        "type": "EDS",
        "eds_cluster_config": {"service_name": name, "eds_config": _eds_config()},
        "connect_timeout": "0.25s",
        "per_connection_buffer_limit_bytes": settings.buffer_bytes,
        "load_balancing_policy": {"policies": [{"typed_extension_config": _maglev()}]},
        "common_lb_config": {
            # With the default of 50 %, a cluster half of which is down would get requests sent to the dead half.
            "healthy_panic_threshold": {"value": 0},
            # By default a change of health within 1 s of another change waits: a node that came back is passed over.
            "update_merge_window": "0s",
        },
        "circuit_breakers": {"thresholds": [_circuit_breaker()]},
        "health_checks": [_health_check()],
        # Without this a node that left stays for as long as its health check succeeds, which is its whole draining.
        "ignore_health_on_host_removal": True,
        "outlier_detection": _outlier_detection(),
    }


def _eds_config() -> Json:
    back_off = {"base_interval": "0.1s", "max_interval": "1s"}
    return {
        "resource_api_version": "V3",
        "initial_fetch_timeout": "3s",
        "api_config_source": {
            "api_type": "GRPC",
            "transport_api_version": "V3",
            "grpc_services": [{"envoy_grpc": {"cluster_name": XDS, "retry_policy": {"retry_back_off": back_off}}}],
        },
    }


def _maglev() -> Json:
    """Moves only what it must when a node comes or goes; a node keeps its place by its name, whatever its port."""
    return {
        "name": "envoy.load_balancing_policies.maglev",
        "typed_config": typed(
            "extensions.load_balancing_policies.maglev.v3.Maglev",
            table_size=65537,
            consistent_hashing_lb_config={"use_hostname_for_hashing": True},
        ),
    }


def _circuit_breaker() -> Json:
    limits = ("max_connections", "max_pending_requests", "max_requests", "max_retries")
    return {"priority": "DEFAULT"} | dict.fromkeys(limits, _NO_LIMIT)


def _health_check() -> Json:
    """On the node's admin port, which the control plane names: is the process alive and its loop turning?

    Not ``/readyz``: a node that takes no more work leaves by itself, and one that lost ZooKeeper still serves.
    """
    return {
        "timeout": "0.5s",
        "interval": "0.5s",
        "no_traffic_interval": "0.5s",
        # Two, because one miss is a busy node; a dead one is found by the first request that cannot connect.
        "unhealthy_threshold": 2,
        "healthy_threshold": 1,
        "http_health_check": {"path": "/healthz"},
    }


def _outlier_detection() -> Json:
    """Takes a node out when it cannot be connected to, never for what it answers: a full RMS answers 503."""
    return {
        "split_external_local_origin_errors": True,
        "consecutive_local_origin_failure": 1,
        "enforcing_consecutive_local_origin_failure": 100,
        "enforcing_local_origin_success_rate": 0,
        "enforcing_consecutive_5xx": 0,
        "enforcing_consecutive_gateway_failure": 0,
        "enforcing_success_rate": 0,
        "enforcing_failure_percentage": 0,
        "interval": "1s",
        "base_ejection_time": "5s",
        "max_ejection_percent": 67,
    }


def _upstream_http(options: Json) -> Json:
    protocol = typed("extensions.upstreams.http.v3.HttpProtocolOptions", **options)
    return {"typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": protocol}}
