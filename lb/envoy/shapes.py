"""The shapes that Envoy's configuration repeats."""

from __future__ import annotations

import ipaddress
from typing import Any

Json = dict[str, Any]


def typed(message: str, **fields: Any) -> Json:
    """An extension's configuration: ``message`` is its protobuf name without the leading ``envoy.``."""
    return {"@type": f"type.googleapis.com/envoy.{message}", **fields}


def socket_address(host: str, port: int) -> Json:
    return {"socket_address": {"address": host, "port_value": port}}


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
