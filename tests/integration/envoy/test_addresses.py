"""Whose address a comment service hears of: nobody can make one up."""

from __future__ import annotations

from pathlib import Path

from comment_service.rates.addresses import ENVOY_HEADER, FORWARDED_HEADER, TrustedProxies
from tests.support.envoy import Edge, running_edge

SPOOFED = {
    ENVOY_HEADER: "203.0.113.9",
    FORWARDED_HEADER: "203.0.113.9, 203.0.113.10",
    "X-Real-Ip": "203.0.113.9",
    "Forwarded": "for=203.0.113.9",
    "True-Client-Ip": "203.0.113.9",
    "X_Envoy_External_Address": "203.0.113.9",
    "X_Forwarded_For": "203.0.113.9",
}


async def heard(edge: Edge, headers: dict[str, str]) -> dict[str, str]:
    """The headers of a post as the comment service gets it."""
    await edge.request("POST", "/comments/match", {"Authorization": "Bearer x"} | headers, body=b"{}")
    (seen,) = [seen for backend in edge.comment_services for seen in backend.seen]
    return seen.headers


async def test_a_service_hears_the_address_that_the_connection_comes_from(edge: Edge) -> None:
    headers = await heard(edge, {})
    assert headers[ENVOY_HEADER] == "127.0.0.1"
    assert TrustedProxies().client_of("127.0.0.1", headers) == "127.0.0.1"


async def test_what_a_client_says_of_its_address_is_not_believed(edge: Edge) -> None:
    headers = await heard(edge, SPOOFED)
    assert headers[ENVOY_HEADER] == "127.0.0.1"
    assert not [name for name in headers if "_" in name]
    assert TrustedProxies().client_of("127.0.0.1", headers) == "127.0.0.1"
    del headers[ENVOY_HEADER]
    assert TrustedProxies("127.0.0.2").client_of("127.0.0.1", headers) == "127.0.0.1"


async def test_a_proxy_in_front_is_believed_as_far_as_it_is_trusted(tmp_path: Path) -> None:
    async with running_edge(tmp_path / "envoy", trusted_hops=1) as edge:
        headers = await heard(edge, SPOOFED)
        assert headers[ENVOY_HEADER] == "203.0.113.10", "what the trusted proxy itself saw, and nothing before that"
        assert TrustedProxies().client_of("127.0.0.1", headers) == "203.0.113.10"
