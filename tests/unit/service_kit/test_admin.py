"""The admin port answers what a load balancer and Prometheus ask."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse

from service_kit.admin import AdminServer
from service_kit.errors import StartupError
from service_kit.metrics import new_registry


@pytest.fixture
def reasons() -> list[str]:
    return []


@pytest.fixture
async def admin(reasons: list[str]) -> AsyncIterator[AdminServer]:
    server = AdminServer("127.0.0.1", 0, new_registry("example", "example-1"), ready=lambda: reasons)
    await server.start()
    yield server
    await server.aclose()
    await server.aclose()


async def _get(admin: AdminServer, path: str) -> HTTPResponse:
    url = f"http://127.0.0.1:{admin.port}{path}"
    return await AsyncHTTPClient(force_instance=True).fetch(url, raise_error=False)


async def test_metrics_say_who_this_is(admin: AdminServer) -> None:
    text = (await _get(admin, "/metrics")).body.decode()
    assert 'node="example-1"' in text
    assert "process_resident_memory_bytes" in text


async def test_ready_follows_the_reasons_and_alive_does_not(admin: AdminServer, reasons: list[str]) -> None:
    assert (await _get(admin, "/readyz")).code == 200
    reasons.append("store is down")
    response = await _get(admin, "/readyz")
    assert response.code == 503
    assert b"store is down" in response.body
    assert (await _get(admin, "/healthz")).code == 200


async def test_a_taken_port_is_one_clear_line(admin: AdminServer) -> None:
    second = AdminServer("127.0.0.1", admin.port, new_registry("example", "example-2"), ready=list)
    with pytest.raises(StartupError, match=rf"admin port 127.0.0.1:{admin.port}"):
        await second.start()
