"""Every endpoint, with every text in every place: refused with a problem, or taken as data; never more."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Iterable
from urllib.parse import quote, urlsplit

import pytest

from ops.client import CommentsApi, HttpClient, Response
from tests.attack.conftest import origin, rows
from tests.attack.endpoints import Endpoint, endpoints
from tests.support.attacks import BODIES, LINES, NUMBERS, PATHS, SQL, TEXTS
from tests.support.cluster import Cluster

ENDPOINTS = endpoints()
FIELDS = ("content", "reason", "action", "until", "liveVideoId")
WRONG = {"username": "-", "password": "-", "replyTo": "-", "kind": "-", "roles": "-", "name": "\x00", "seconds": "-"}
PARAMETERS = ("cursor", "pageSize", "direction", "sort", "status", "liveVideoId")


def assert_sane(answer: Response) -> None:
    """No fault of the server's, nothing that a browser would run, and a problem where it is refused."""
    headers = answer.head.headers
    content_type = headers.get("content-type") or ""
    assert answer.status < 500, answer
    assert not headers.get("x-evil"), answer
    assert "html" not in content_type or b"alert(1)" not in answer.body, answer
    if answer.status >= 400:
        assert content_type == "application/problem+json", answer
        problem = json.loads(answer.body)
        assert problem["status"] == answer.status
        assert "Traceback" not in problem["detail"]
        assert "/comment_service/" not in problem["detail"]


async def ask(
    http: HttpClient, token: str, method: str, path: str, body: bytes | None = None, **headers: str
) -> Response:
    sent = {"Authorization": f"Bearer {token}", **headers}
    if body is not None:
        sent.setdefault("Content-Type", "application/json")
    return await http.request(method, path, headers=sent, body=body)


async def all_sane(asks: Iterable[Awaitable[Response]]) -> set[int]:
    """The statuses of all of them, some at a time."""
    slots = asyncio.Semaphore(8)

    async def one(answer: Awaitable[Response]) -> int:
        async with slots:
            response = await answer
        assert_sane(response)
        return response.status

    return set(await asyncio.gather(*map(one, asks)))


def test_every_endpoint_is_attacked() -> None:
    found = {str(endpoint) for endpoint in ENDPOINTS}
    assert {"POST /comments/([^/]*)", "PUT /moderation/bans/([^/]*)", "POST /auth/login", "GET /"} <= found
    assert len(found) > 20


@pytest.mark.parametrize("endpoint", [each for each in ENDPOINTS if each.parameters], ids=str)
async def test_in_the_path(cluster: Cluster, http: HttpClient, endpoint: Endpoint) -> None:
    token = await cluster.token("mallory")
    before = rows(cluster)
    body = None if endpoint.method in {"GET", "DELETE"} else b"{}"

    def path(position: int, text: str) -> str:
        return endpoint.path(lambda n: text if n == position else endpoint.good(n))

    paths = [path(position, text) for position in range(endpoint.parameters) for text in TEXTS]
    await all_sane(ask(http, token, endpoint.method, each, body) for each in paths)
    assert rows(cluster) == before


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_an_admin_bans_whomever_and_nothing_else_happens(cluster: Cluster, http: HttpClient, method: str) -> None:
    token = await cluster.token("root", role="admin")
    before = rows(cluster)
    paths = [f"/moderation/bans/{quote(text, safe='')}" for text in TEXTS]
    await all_sane(ask(http, token, method, path, b"{}" if method == "PUT" else None) for path in paths)
    after = rows(cluster)
    assert {
        name: before[name] for name in before if name not in {"bans", "ban_changes", "audit"}
    }.items() <= after.items()
    assert set(after["audit"]) >= set(before["audit"])


@pytest.mark.parametrize("endpoint", [each for each in ENDPOINTS if each.method in {"POST", "PUT", "PATCH"}], ids=str)
async def test_in_the_body(cluster: Cluster, http: HttpClient, endpoint: Endpoint) -> None:
    token = await cluster.token("mallory")
    before = rows(cluster)
    path = endpoint.path(endpoint.good)

    def send(body: bytes, content_type: str = "application/json") -> Awaitable[Response]:
        return ask(http, token, endpoint.method, path, body, **{"Content-Type": content_type})

    statuses = await all_sane(send(body) for body in BODIES)
    statuses |= await all_sane(send(BODIES[-1], kind) for kind in ("text/plain", "multipart/form-data; boundary=x"))
    values: list[object] = [
        *TEXTS,
        *([text] for text in SQL),
        {"$gt": ""},
        {"x": {"y": []}},
        None,
        10**30,
        -1,
        1.5,
        True,
    ]
    statuses |= await all_sane(send(json.dumps(dict.fromkeys(FIELDS, value) | WRONG).encode()) for value in values)
    assert min(statuses) >= 400 or endpoint.pattern == "/auth/logout", "logging out needs nothing"
    assert rows(cluster) == before


@pytest.mark.parametrize("endpoint", [each for each in ENDPOINTS if each.method == "GET"], ids=str)
async def test_in_the_query(cluster: Cluster, http: HttpClient, endpoint: Endpoint) -> None:
    token = await cluster.token("mallory", role="admin")
    before = rows(cluster)
    path = endpoint.path(endpoint.good)
    twice = "&".join(f"{name}=1&{name}=2" for name in PARAMETERS)
    queries = [twice, "&" * 500, "=" * 500, "?" * 50, "cursor[]=1", "cursor=1;pageSize=2", "%00=%00", "a=1&" * 500]
    queries += [f"{name}={quote(text)}" for name in PARAMETERS for text in (*SQL, *LINES, *NUMBERS, *PATHS)]
    await all_sane(ask(http, token, "GET", f"{path}?{query}") for query in queries)
    assert rows(cluster) == before


@pytest.mark.parametrize("name", ["Authorization", "Cookie", "Idempotency-Key", "Last-Event-ID", "If-None-Match"])
async def test_in_a_header(cluster: Cluster, http: HttpClient, name: str) -> None:
    token = await cluster.token("mallory")
    before = rows(cluster)
    # What a client can send; the raw ones are below.
    texts = [text for text in TEXTS if text.isascii() and text.isprintable()]
    requests: list[tuple[str, str, bytes | None]] = [("GET", "/comments/witness", None), ("GET", "/", None)]
    requests += [("DELETE", "/comments/witness/1", None), ("POST", "/comments/witness", b"{}")]
    await all_sane(
        ask(http, token, method, path, body, **{name: text}) for method, path, body in requests for text in texts
    )
    assert rows(cluster) == before


HOST = b"Host: x\r\n"
AUTH = b"Authorization: Bearer x\r\nContent-Type: application/json\r\n"
RAW: dict[str, bytes] = {
    "two lengths": b"POST /comments/w HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\nContent-Length: 30\r\n\r\n{}",
    "length and chunks": b"POST /comments/w HTTP/1.1\r\n" + HOST
    + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /evil HTTP/1.1\r\nHost: x\r\n\r\n",
    "odd chunks": b"POST /comments/w HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a negative length": b"POST /comments/w HTTP/1.1\r\n" + HOST + b"Content-Length: -5\r\n\r\n",
    "a huge length": b"POST /comments/w HTTP/1.1\r\n" + HOST + AUTH + b"Content-Length: 99999999999999999999\r\n\r\n",
    "a chunk of letters": b"POST /comments/w HTTP/1.1\r\n" + HOST + AUTH + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a space before the colon": b"GET / HTTP/1.1\r\n" + HOST + b"X-A : 1\r\n\r\n",
    "a folded header": b"GET / HTTP/1.1\r\n" + HOST + b"X-A: 1\r\n 2\r\n\r\n",
    "NUL in a header": b"GET / HTTP/1.1\r\n" + HOST + b"X-A: a\x00b\r\n\r\n",
    "NUL in the path": b"GET /comments/\x00 HTTP/1.1\r\n" + HOST + b"\r\n",
    "a bare CR": b"GET / HTTP/1.1\r\n" + HOST + b"X-A: a\rX-Evil: 1\r\n\r\n",
    "wrong UTF-8": b"GET /comments/\xff\xfe HTTP/1.1\r\n" + HOST + b"X-A: \xff\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
    "an odd version": b"GET / HTTP/9.9\r\n" + HOST + b"\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100,
    "a proxy's request": b"GET http://evil.example/ HTTP/1.1\r\n" + HOST + b"\r\n",
    "a method of letters": b"<script> / HTTP/1.1\r\n" + HOST + b"\r\n",
    "a trailer": b"POST /comments/w HTTP/1.1\r\n" + HOST + AUTH
    + b"Transfer-Encoding: chunked\r\nTrailer: X-Evil\r\n\r\n2\r\n{}\r\n0\r\nX-Evil: 1\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("way", ["envoy", "direct"])
@pytest.mark.parametrize("name", RAW)
async def test_what_is_hardly_http(cluster: Cluster, way: str, name: str) -> None:
    before = rows(cluster)
    url = urlsplit(origin(cluster, way))
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(RAW[name])
    writer.write_eof()
    answer = await asyncio.wait_for(reader.read(-1), 30)
    writer.close()
    statuses = re.findall(rb"HTTP/1\.[01] (\d\d\d) ", answer)
    assert len(statuses) <= 1, "one request, one answer"
    # 501 is what HTTP asks for where the transfer coding is unknown.
    assert not statuses or int(statuses[0]) < 500 or (name, statuses) == ("odd chunks", [b"501"])
    assert b"X-Evil" not in answer.title()
    assert b"Traceback" not in answer
    assert rows(cluster) == before


async def test_after_all_that_everything_works(cluster: Cluster, http: HttpClient) -> None:
    comment = await CommentsApi(http).post("afterwards", "still here", token=await cluster.token("ada"))
    assert comment["content"] == "still here"
