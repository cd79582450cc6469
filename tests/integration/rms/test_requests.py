"""What is no request for a stream is answered with a problem, and the connection's end."""

from __future__ import annotations

import json

import pytest

from rms.server import RmsServer
from tests.integration.rms.conftest import Watch
from tests.integration.rms.node import CommentNode
from tests.support.http1 import exchange


@pytest.mark.parametrize(
    ("request_line", "headers", "status", "named"),
    [
        ("GET /", "", 404, "path"),
        ("GET /comments/match-42", "", 404, "path"),
        ("GET /comments/match-42/stream/", "", 404, "path"),
        ("GET /comments/match%2042/stream", "", 404, "liveVideoId"),
        (f"GET /comments/{'v' * 65}/stream", "", 404, "liveVideoId"),
        ("GET /comments//stream", "", 404, "liveVideoId"),
        ("POST /comments/match-42/stream", "Content-Length: 0\r\n", 405, "GET"),
        ("DELETE /comments/match-42/stream", "", 405, "GET"),
        ("GET /comments/match-42/stream?backlog=1001", "", 400, "backlog"),
        ("GET /comments/match-42/stream?backlog=-1", "", 400, "backlog"),
        ("GET /comments/match-42/stream?backlog=", "", 400, "backlog"),
        ("GET /comments/match-42/stream?backlog=1&backlog=1", "", 400, "backlog"),
        ("GET /comments/match-42/stream?lastEventId=abc", "", 400, "lastEventId"),
        ("GET /comments/match-42/stream?lastEventId=18446744073709551616", "", 400, "lastEventId"),
        ("GET /comments/match-42/stream?lastEventId=1&lastEventId=2", "", 400, "lastEventId"),
        ("GET /comments/match-42/stream", "Last-Event-ID: 1x\r\n", 400, "Last-Event-ID"),
        ("GET /comments/match-42/stream", "Content-Length: 3\r\n", 400, "body"),
        (f"GET /comments/match-42/stream?x={'y' * 9000}", "", 414, "URL"),
        ("GET /comments/match-42/stream", f"X-Big: {'y' * 17000}\r\n", 431, "headers"),
    ],
)
async def test_a_bad_request_is_a_problem(
    rms: RmsServer, request_line: str, headers: str, status: int, named: str
) -> None:
    answer = await exchange(rms.http.port, f"{request_line} HTTP/1.1\r\nHost: x\r\n{headers}\r\n")
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = json.loads(answer.body)
    assert problem["status"] == status
    assert named in problem["detail"]
    assert ("allow" in answer.headers) == (status == 405)
    assert len(rms.hub) == 0


async def test_head_has_no_body(rms: RmsServer) -> None:
    answer = await exchange(rms.http.port, "HEAD /comments/match-42/stream HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (answer.status, answer.body) == (405, b"")
    assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize("garbage", ["\x00\x01\x02\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n"])
async def test_what_is_not_http_harms_nobody(
    rms: RmsServer, comment_node: CommentNode, watch: Watch, garbage: str
) -> None:
    await exchange(rms.http.port, garbage)
    viewer = await watch(rms)
    assert viewer.status == 200
