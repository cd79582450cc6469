"""Whose address a request comes from, and whom to believe about it. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

ENVOY_HEADER = "X-Envoy-External-Address"
FORWARDED_HEADER = "X-Forwarded-For"
PRIVATE_NETWORKS = "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7"


class TrustedProxies:
    """Proxies, by their networks, that say for whom they ask: Envoy, which takes nobody's word for it itself."""

    def __init__(self, networks: str = PRIVATE_NETWORKS) -> None:
        """``networks``: separated by commas, e.g. ``127.0.0.0/8,10.0.0.0/8``. Raises ``ValueError``."""
        self._networks = [ipaddress.ip_network(text.strip()) for text in networks.split(",") if text.strip()]
        self._trusts = lru_cache(10_000)(self._is_trusted)

    def client_of(self, peer: str | None, headers: Mapping[str, str]) -> str | None:
        """The client's address: what the proxy says where ``peer`` is one, else ``peer`` itself.

        None where a proxy says nothing, or nothing that is an address: an internal service then asks for itself.
        """
        if not self._trusts(peer):
            return peer
        if (named := headers.get(ENVOY_HEADER)) is not None:
            return _parsed_text(named)
        # The right-most entry is what the proxy next to us saw; what is left of it anybody may have written.
        for entry in reversed(headers.get(FORWARDED_HEADER, "").split(",")):
            if not self._trusts(entry.strip()):
                return _parsed_text(entry)
        return None

    def _is_trusted(self, text: str | None) -> bool:
        address = None if text is None else _parsed(text)
        return address is not None and any(address in network for network in self._networks)


@lru_cache(10_000)
def network_of(address: str) -> str:
    """Whose an address is: an IPv6 address's /64 is one customer's; what is no address stands for itself."""
    parsed = _parsed(address)
    if parsed is None or parsed.version == 4:
        return address if parsed is None else str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


@lru_cache(10_000)
def is_loopback(address: str) -> bool:
    """True for this machine itself."""
    parsed = _parsed(address)
    return parsed is not None and parsed.is_loopback


@lru_cache(10_000)
def _parsed(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _parsed_text(text: str) -> str | None:
    address = _parsed(text)
    return None if address is None else str(address)
