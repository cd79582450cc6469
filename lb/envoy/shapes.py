"""The shapes that Envoy's configuration repeats."""

from __future__ import annotations

import ipaddress
from typing import Any

Json = dict[str, Any]

# Linux's numbers of socket levels and options; Envoy takes no names.
SOL_SOCKET, IPPROTO_TCP = 1, 6
SO_SNDBUF, SO_RCVBUF, SO_KEEPALIVE = 7, 8, 9
TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_USER_TIMEOUT = 4, 5, 6, 18


def typed(message: str, **fields: Any) -> Json:
    """An extension's configuration: ``message`` is its protobuf name without the leading ``envoy.``."""
    return {"@type": f"type.googleapis.com/envoy.{message}", **fields}


def socket_address(host: str, port: int) -> Json:
    return {"socket_address": {"address": host, "port_value": port}}


def socket_option(name: str, level: int, number: int, value: int) -> Json:
    """Set before a socket is bound or connected; ``name`` is for whoever reads the configuration."""
    return {"description": name, "level": level, "name": number, "int_value": value, "state": "STATE_PREBIND"}


def split_address(address: str) -> tuple[str, int]:
    """``host:port`` or ``[v6]:port`` as its two parts; the brackets are gone. Raises ``ValueError``."""
    host, colon, port = address.rpartition(":")
    if not (host and colon and port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError(f"{address!r} is not host:port")
    return host.removeprefix("[").removesuffix("]"), int(port)


def is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def seconds(value: float) -> str:
    """A protobuf duration, e.g. ``0.25s``."""
    return f"{value:.9f}".rstrip("0").rstrip(".") + "s"
