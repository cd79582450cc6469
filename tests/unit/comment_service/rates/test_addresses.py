"""Whose address a request comes from."""

from __future__ import annotations

import pytest

from comment_service.rates.addresses import ENVOY_HEADER, FORWARDED_HEADER, TrustedProxies

PROXIES = TrustedProxies()


@pytest.mark.parametrize("peer", ["127.0.0.1", "10.1.2.3", "::1", "::ffff:127.0.0.1", "fd00::7"])
def test_a_proxy_is_believed(peer: str) -> None:
    assert PROXIES.client_of(peer, {ENVOY_HEADER: "203.0.113.9", FORWARDED_HEADER: "6.6.6.6"}) == "203.0.113.9"
    assert PROXIES.client_of(peer, {FORWARDED_HEADER: "203.0.113.9"}) == "203.0.113.9"


def test_nobody_else_is() -> None:
    peer = "198.51.100.7"
    spoofed = {ENVOY_HEADER: "203.0.113.9", FORWARDED_HEADER: "203.0.113.9"}
    assert PROXIES.client_of(peer, spoofed) == peer
    assert TrustedProxies("192.0.2.0/24").client_of("127.0.0.1", spoofed) == "127.0.0.1"


def test_of_a_chain_the_nearest_that_is_no_proxy_counts() -> None:
    headers = {FORWARDED_HEADER: "1.1.1.1, 203.0.113.9, 10.0.0.2"}
    assert PROXIES.client_of("10.0.0.1", headers) == "203.0.113.9"


@pytest.mark.parametrize(
    "value", ["", "unknown", "203.0.113.9:80", "x" * 1000, "203.0.113.999", "1", "203.0.113.9, 6.6.6.6"]
)
def test_what_is_no_address_is_nobody_s(value: str) -> None:
    assert PROXIES.client_of("127.0.0.1", {ENVOY_HEADER: value}) is None


def test_an_internal_service_has_none() -> None:
    assert PROXIES.client_of("10.0.0.5", {}) is None
    assert PROXIES.client_of(None, {}) is None


@pytest.mark.parametrize("networks", ["x", "10.0.0.1/8", "10.0.0.0/99", "10.0.0.0/8;192.168.0.0/16"])
def test_networks_that_are_none(networks: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        TrustedProxies(networks)
