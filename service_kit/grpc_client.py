"""gRPC channels to the other nodes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import grpc

from service_kit.grpc_server import MAX_MESSAGE_BYTES
from service_kit.grpc_tls import GrpcTls

_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    # A node that hangs (SIGSTOP, a dead machine) closes nothing; without pings a stream to it waits for ever.
    ("grpc.keepalive_time_ms", 1_000),
    ("grpc.keepalive_timeout_ms", 1_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    # The default backs off to two minutes; a node that is back is wanted at once.
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.enable_retries", 0),
    # Channels to one address share a connection otherwise, and closing one node's channel would not close it.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_http_proxy", 0),
)


OpenChannel = Callable[[str], grpc.aio.Channel]


def open_channel(address: str, tls: GrpcTls | None = None) -> grpc.aio.Channel:
    """A lazy channel to ``host:port``: connects at the first call, pings every second, reconnects within one."""
    if tls is None:
        return grpc.aio.insecure_channel(address, options=_OPTIONS)
    name = () if tls.server_name is None else (("grpc.ssl_target_name_override", tls.server_name),)
    return grpc.aio.secure_channel(address, tls.channel_credentials(), options=(*_OPTIONS, *name))


def channels(tls: GrpcTls | None) -> OpenChannel:
    """``open_channel`` for a process that speaks TLS or does not."""
    return partial(open_channel, tls=tls)
