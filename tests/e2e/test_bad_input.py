"""Bad input of every kind, through Envoy: the right status, a body that says what is wrong, and nothing stored."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from ops.client import CommentsApi, HttpClient, Response
from tests.support.cluster import Cluster

VIDEO = "/comments/refused"
STREAM = f"{VIDEO}/stream"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def http(cluster: Cluster) -> AsyncIterator[HttpClient]:
    async with HttpClient(cluster.url) as client:
        yield client


def _body(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


GOOD = _body(content="hello")
# method, path, body, status, what the detail says
CASES: list[tuple[str, str, bytes | None, int, str]] = [
    ("GET", "/nowhere", None, 404, "path"),
    ("GET", "/comments", None, 404, "path"),
    ("GET", "/comments/not%20a%20video", None, 404, "liveVideoId"),
    ("GET", f"/comments/{'x' * 65}", None, 404, "liveVideoId"),
    ("GET", f"/comments/{'x' * 65}/stream", None, 404, "liveVideoId"),
    ("GET", "/comments/not.a.video/stream", None, 404, "liveVideoId"),
    ("GET", f"{VIDEO}/1", None, 404, ""),
    ("GET", f"{VIDEO}/abc", None, 404, ""),
    ("PUT", VIDEO, GOOD, 405, "PUT"),
    ("POST", STREAM, GOOD, 405, "GET"),
    ("DELETE", "/", None, 405, "DELETE"),
    ("POST", VIDEO, b"", 400, ""),
    ("POST", VIDEO, b"{", 400, "JSON"),
    ("POST", VIDEO, b"[1]", 400, "object"),
    ("POST", VIDEO, b'{"content": "\xff"}', 400, "UTF-8"),
    ("POST", VIDEO, b"[" * 10_000, 400, "body"),
    ("POST", VIDEO, _body(), 400, "content"),
    ("POST", VIDEO, _body(content=""), 400, "content"),
    ("POST", VIDEO, _body(content=" \n\t "), 400, "content"),
    ("POST", VIDEO, _body(content="x" * 501), 400, "content"),
    ("POST", VIDEO, _body(content=7), 400, "content"),
    ("POST", VIDEO, _body(content=None), 400, "content"),
    ("POST", VIDEO, b'{"content": "\\ud800"}', 400, "content"),
    ("POST", VIDEO, _body(content="hello", replyTo="abc"), 400, "replyTo"),
    ("POST", VIDEO, _body(content="hello", replyTo=12), 400, "replyTo"),
    ("POST", VIDEO, _body(content="hello", replyTo="12"), 404, "replyTo"),
    ("POST", VIDEO, _body(content="hello", media="abc"), 400, "media"),
    ("POST", VIDEO, _body(content="hello", media=["nothing"]), 400, "media"),
    ("POST", VIDEO, _body(content="x" * 100_000), 413, ""),
    ("GET", f"{VIDEO}?pageSize=0", None, 400, "pageSize"),
    ("GET", f"{VIDEO}?pageSize=201", None, 400, "pageSize"),
    ("GET", f"{VIDEO}?pageSize=ten", None, 400, "pageSize"),
    ("GET", f"{VIDEO}?pageSize=", None, 400, "pageSize"),
    ("GET", f"{VIDEO}?cursor=abc", None, 400, "cursor"),
    ("GET", f"{VIDEO}?cursor=-1", None, 400, "cursor"),
    ("GET", f"{VIDEO}?cursor={2**64}", None, 400, "cursor"),
    ("GET", f"{VIDEO}?direction=sideways", None, 400, "direction"),
    ("GET", f"{VIDEO}?sort=random", None, 400, "sort"),
    ("GET", f"{STREAM}?backlog=-1", None, 400, "backlog"),
    ("GET", f"{STREAM}?backlog=1001", None, 400, "backlog"),
    ("GET", f"{STREAM}?backlog=many", None, 400, "backlog"),
    ("GET", f"{STREAM}?lastEventId=abc", None, 400, "lastEventId"),
    ("GET", f"{STREAM}?lastEventId={2**64}", None, 400, "lastEventId"),
    ("GET", f"{VIDEO}?cursor={'1' * 10_000}", None, 414, ""),
    ("GET", f"{STREAM}?x={'1' * 10_000}", None, 414, ""),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "detail"), CASES)
async def test_a_bad_request_is_a_problem_and_stores_nothing(
    cluster: Cluster, http: HttpClient, method: str, path: str, body: bytes | None, status: int, detail: str
) -> None:
    headers = {"Authorization": f"Bearer {await cluster.token('ada')}", **(JSON if body is not None else {})}
    response = await http.request(method, path, headers=headers, body=body)
    _assert_problem(response, status, detail)
    if status == 405:
        assert response.head.headers.get("allow")
    assert (await CommentsApi(http).page("refused")).comments == []


@pytest.mark.parametrize(
    "token", [None, "", "x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.", "x" * 5_000], ids=str
)
async def test_posting_without_a_good_token_is_401(http: HttpClient, token: str | None) -> None:
    headers = {**JSON, **({} if token is None else {"Authorization": f"Bearer {token}"})}
    response = await http.request("POST", VIDEO, headers=headers, body=GOOD)
    _assert_problem(response, 401, "")
    assert (response.head.headers.get("www-authenticate") or "").startswith("Bearer")
    assert (await CommentsApi(http).page("refused")).comments == []


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
async def test_a_body_of_another_type_is_415(cluster: Cluster, http: HttpClient, content_type: str) -> None:
    headers = {"Authorization": f"Bearer {await cluster.token('ada')}", "Content-Type": content_type}
    _assert_problem(await http.request("POST", VIDEO, headers=headers, body=GOOD), 415, "application/json")


@pytest.mark.parametrize("path", [VIDEO, STREAM])
@pytest.mark.parametrize("size", [20_000, 100_000])
async def test_headers_over_the_limit_are_431(http: HttpClient, path: str, size: int) -> None:
    _assert_problem(await http.request("GET", path, headers={"X-Long": "x" * size}), 431, "")


def _assert_problem(response: Response, status: int, detail: str) -> None:
    assert response.status == status, response.body
    assert (response.head.headers.get("content-type") or "").startswith("application/problem+json")
    problem = json.loads(response.body)
    assert problem["status"] == status
    assert problem["type"]
    assert problem["title"]
    assert problem["detail"]
    assert detail.lower() in problem["detail"].lower()
