"""Every error over HTTP is a problem document."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
from tornado import httpclient, httpserver, netutil, web

from service_kit.problem import NotFoundHandler, Problem, ProblemHandler


class _Example(ProblemHandler):
    def get(self, what: str) -> None:
        match what:
            case "crash":
                raise RuntimeError("secret of the inside")
            case "refuse":
                raise Problem(429, "too fast: \ud800", headers={"Retry-After": "3"})
            case "argument":
                self.get_query_argument("needed")
            case _:
                self.finish(b"fine")

    def delete(self, what: str) -> None:
        self.set_status(204)


@pytest.fixture
async def url() -> AsyncIterator[str]:
    app = web.Application([("/x/(.*)", _Example)], default_handler_class=NotFoundHandler)
    server = httpserver.HTTPServer(app)
    sockets = netutil.bind_sockets(0, "127.0.0.1")
    server.add_sockets(sockets)
    yield f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    server.stop()
    await server.close_all_connections()


async def _fetch(url: str, method: str = "GET") -> httpclient.HTTPResponse:
    return await httpclient.AsyncHTTPClient(force_instance=True).fetch(
        url, method=method, raise_error=False, allow_nonstandard_methods=True
    )


@pytest.mark.parametrize(
    ("path", "method", "status", "detail"),
    [
        ("/x/refuse", "GET", 429, "too fast"),
        ("/x/argument", "GET", 400, "needed"),
        ("/nowhere", "GET", 404, "no such path"),
        ("/nowhere", "POST", 404, "no such path"),
        ("/x/1", "PUT", 405, "GET, DELETE"),
        ("/x/1", "BREW", 405, "GET, DELETE"),
    ],
)
async def test_errors_are_problems(url: str, path: str, method: str, status: int, detail: str) -> None:
    response = await _fetch(url + path, method)
    assert response.code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    document = json.loads(response.body)
    assert document["status"] == status
    assert document["title"]
    assert document["type"] == "about:blank"
    assert detail in document["detail"]


async def test_a_crash_tells_nothing_of_the_inside(url: str) -> None:
    response = await _fetch(url + "/x/crash")
    assert response.code == 500
    assert b"secret" not in response.body
    assert response.headers["Content-Type"] == "application/problem+json"


async def test_headers_of_a_problem_are_sent(url: str) -> None:
    assert (await _fetch(url + "/x/refuse")).headers["Retry-After"] == "3"
    for method in ("PATCH", "BREW"):
        assert (await _fetch(url + "/x/1", method)).headers["Allow"] == "GET, DELETE"
