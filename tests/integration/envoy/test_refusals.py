"""What Envoy answers by itself is a problem document; what it lets through has lost what viewers may not say."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from lb.envoy.clusters import COMMENT_SERVICE
from lb.envoy.settings import MIB
from tests.support.envoy import Edge, running_edge
from tests.support.eventually import eventually

CLOSE = "Host: edge\r\nConnection: close\r\n"


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (f"GET / HTTP/1.1\r\n{CLOSE}X-Big: {'a' * 40_000}\r\n", 431),
        (f"GET /{'a' * 40_000} HTTP/1.1\r\n{CLOSE}", 431),
        (f"GET / HTTP/1.1\r\n{CLOSE}" + "".join(f"X-{n}: a\r\n" for n in range(150)), 431),
        (f"GET / HTTP/9.9\r\n{CLOSE}", 426),
        ("GET / HTTP/1.1\r\nConnection: close\r\n", 400),
        (f"GET comments HTTP/1.1\r\n{CLOSE}", 400),
        (f"GET /a%00b HTTP/1.1\r\n{CLOSE}", 400),
        (f"GET /a HTTP/1.1\r\n{CLOSE}Content-Length: many\r\n", 400),
        (f"POST /a HTTP/1.1\r\n{CLOSE}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", 400),
        (f"GET /a HTTP/1.1\r\n{CLOSE}Upgrade: websocket\r\nConnection: upgrade\r\n", 403),
        (f"CONNECT edge:80 HTTP/1.1\r\n{CLOSE}", 403),
        (f"POST /comments/match/stream HTTP/1.1\r\n{CLOSE}", 405),
    ],
    ids=[
        "large header", "long url", "many headers", "version", "no host", "no slash", "nul", "length",
        "smuggling", "upgrade", "tunnel", "method",
    ],
)  # fmt: skip
async def test_a_refusal_is_a_problem_document(edge: Edge, head: str, status: int) -> None:
    answer = await edge.raw(head)
    assert answer.problem()["status"] == status
    assert answer.headers["server"] == "livecomments"
    assert not any(backend.seen for backend in (*edge.rms, *edge.comment_services))


async def test_a_method_that_streams_do_not_have_is_named_with_the_one_they_have(edge: Edge) -> None:
    for method in ("POST", "PUT", "HEAD", "OPTIONS"):
        answer = await edge.request(method, "/comments/match/stream")
        assert (answer.status, answer.headers["allow"]) == (405, "GET")


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_over_the_limit_is_413(edge: Edge, chunked: bool) -> None:
    body = b"x" * 70_000
    if chunked:
        head = f"POST /comments/match HTTP/1.1\r\n{CLOSE}Transfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n"
        answer = await edge.raw(head + body.decode() + "\r\n0\r\n")
    else:
        answer = await edge.request("POST", "/comments/match", body=body)
    assert answer.problem()["status"] == 413
    assert not any(backend.seen for backend in edge.comment_services)


async def test_without_a_comment_service_it_is_503_with_retry_after(edge: Edge) -> None:
    edge.control_plane.assign(COMMENT_SERVICE, [])
    await edge.settled(COMMENT_SERVICE, 0)
    for method in ("GET", "POST"):
        answer = await edge.request(method, "/comments/match")
        assert answer.problem()["status"] == 503
        assert answer.headers["retry-after"] == "1"


async def test_a_comment_service_that_does_not_answer_is_504(tmp_path: Path) -> None:
    async with running_edge(tmp_path, rms=1, comment_services=1, request_timeout_s=0.2) as edge:
        edge.comment_services[0].behaviour.silent = True
        for method in ("GET", "POST"):
            assert (await edge.request(method, "/comments/match")).problem()["status"] == 504
        assert [seen.method for seen in edge.comment_services[0].seen].count("POST") == 1


@pytest.mark.parametrize(
    "path",
    [
        "//comments/match/stream",
        "/comments//match/stream",
        "/comments/match/stream/",
        "/comments/a%2Fb/stream",
        "/comments/a%20b/stream",
        "/comments/%24/stream",
        "/Comments/match/stream",
        "/comments/stream",
    ],
)
async def test_what_is_no_stream_is_left_to_the_comment_service_to_refuse(edge: Edge, path: str) -> None:
    for backend in edge.comment_services:
        backend.behaviour.room = 0
    await edge.request("GET", path)
    assert [seen.path for backend in edge.comment_services for seen in backend.seen][:1] == [path]
    assert not any(backend.seen for backend in edge.rms)


async def test_viewers_cannot_speak_for_envoy(edge: Edge) -> None:
    spoofed = {
        "X-Envoy-Retry-On": "5xx",
        "X-Envoy-Max-Retries": "9",
        "X-Envoy-Upstream-Rq-Timeout-Ms": "1",
        "X-Envoy-Original-Path": "/other",
        "X-Envoy-Internal": "true",
        "X-Envoy-External-Address": "203.0.113.9",
        "X-Envoy-Attempt-Count": "4",
        "X-Forwarded-Proto": "https",
    }
    answer = await edge.request("GET", "/comments/match", spoofed)
    assert not [name for name in answer.headers if name.startswith("x-envoy")]
    (seen,) = (seen for backend in edge.comment_services for seen in backend.seen)
    told = {name.lower(): value for name, value in seen.headers.items()}
    assert {name: value for name, value in told.items() if name.startswith("x-envoy")} == {
        "x-envoy-attempt-count": "1",
        "x-envoy-external-address": "127.0.0.1",
    }
    assert told["x-forwarded-proto"] == "http"


async def test_a_header_with_an_underscore_does_not_pass_for_one_with_a_dash(edge: Edge) -> None:
    answer = await edge.raw(f"GET /comments/match HTTP/1.1\r\n{CLOSE}x_forwarded_for: 203.0.113.9\r\n")
    assert answer.status == 200
    (seen,) = (seen for backend in edge.comment_services for seen in backend.seen)
    assert "203.0.113.9" not in str(seen.headers)


async def test_a_proxy_in_front_is_believed_when_it_is_set(tmp_path: Path) -> None:
    async with running_edge(tmp_path, rms=1, comment_services=1, trusted_hops=1) as edge:
        await edge.request("GET", "/comments/match", {"X-Forwarded-For": "198.51.100.1, 203.0.113.9"})
        (seen,) = edge.comment_services[0].seen
        assert seen.headers["X-Envoy-External-Address"] == "203.0.113.9"


async def test_the_access_log_has_requests_and_no_tokens(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    async with running_edge(tmp_path / "envoy", access_log=str(log)) as edge:
        await edge.request("GET", "/comments/match?access_token=secret-1", {"Authorization": "Bearer secret-2"})
        await eventually(lambda: log.exists() and log.read_text(), timeout_s=15)
    (line,) = map(json.loads, log.read_text().splitlines())
    assert (line["method"], line["path"], line["status"], line["route"]) == ("GET", "/comments/match", 200, "read")
    assert "secret" not in log.read_text()


async def test_connections_over_the_limit_are_closed_and_the_others_served(tmp_path: Path) -> None:
    async with running_edge(tmp_path, rms=1, comment_services=1, max_connections=10) as edge:
        for n in range(10):
            await edge.watch(f"/comments/video-{n}/stream")
        with pytest.raises((IndexError, ConnectionError)):
            await edge.request("GET", "/comments/match")
        assert 1 in (await edge.envoy.stats("downstream_global_cx_overflow")).values()
        edge.clients.pop().close()
        await eventually(lambda: len(edge.rms[0].streams) == 9)
        assert (await edge.request("GET", "/comments/match")).status == 200


async def test_out_of_memory_it_keeps_its_viewers_and_tells_others_to_come_back(tmp_path: Path) -> None:
    async with running_edge(tmp_path, rms=1, comment_services=1, max_heap_bytes=64 * MIB) as edge:
        _, stream = await edge.watch("/comments/match/stream")
        nodes = {"rms-1"}
        while nodes == {"rms-1"} and len(edge.clients) < 5000:
            joins = (edge.watch(f"/comments/video-{n}/stream") for n in range(100))
            nodes = {node for node, _ in await asyncio.gather(*joins)}
        assert "" in nodes, "some were answered by Envoy itself"
        assert (await edge.request("GET", "/comments/match")).problem()["status"] == 503
        edge.rms[0].send(b"data: still here\n\n")
        await asyncio.wait_for(stream.readuntil(b"still here"), 10)
