"""Bad input of every kind over HTTP: the right status, a body that says what is wrong, nothing stored."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from tests.integration.comment_service.edges import BEARER, VIDEO, Edges

JSON = {"Content-Type": "application/json"}
POST = BEARER | JSON


def the_json(**fields: object) -> bytes:
    return json.dumps({"content": "hello"} | fields).encode()


@dataclass(frozen=True)
class Case:
    name: str
    body: bytes
    says: str
    status: int = 400


BODIES = [
    Case("empty body", b"", "body is empty"),
    Case("not JSON", b"{", "body is not JSON"),
    Case("text after it", b'{"content": "x"} {}', "body is not JSON"),
    Case("single quotes", b"{'content': 'x'}", "body is not JSON"),
    Case("NaN", b'{"content": "x", "n": NaN}', "body is not JSON"),
    Case("wrong UTF-8", b'{"content": "\xff"}', "body is not UTF-8"),
    Case("UTF-16", '{"content": "x"}'.encode("utf-16"), "body is not UTF-8"),
    Case("byte order mark", b"\xef\xbb\xbf" + the_json(), "body is not JSON"),
    Case("a list", b'["content"]', "body is not a JSON object"),
    Case("a string", b'"content"', "body is not a JSON object"),
    Case("null", b"null", "body is not a JSON object"),
    Case("deep nesting", b"[" * 20_000, "body is nested too deeply"),
    Case("deep nesting in a field", b'{"content":' + b'{"a":' * 10_000, "body is nested too deeply"),
    Case("endless number", b'{"content": "x", "n": ' + b"9" * 10_000 + b"}", "number that is too long"),
    Case("a key twice", b'{"content": "a", "content": "b"}', "'content' twice"),
    Case("no content", b'{"contnet": "hello"}', "content is missing"),
    Case("content null", the_json(content=None), "content is not a string"),
    Case("content a number", the_json(content=5), "content is not a string"),
    Case("content a list", the_json(content=["a"]), "content is not a string"),
    Case("content empty", the_json(content=""), "content is empty"),
    Case("content white", the_json(content=" \t\r\n\u00a0\u2003"), "content is empty"),
    Case("content controls", the_json(content="\u0000\u0007"), "content is empty"),
    Case("content invisible", the_json(content="\u200b\u200d\u2060\ufeff\u3164"), "content is empty"),
    Case("content too long", the_json(content="x" * 501), "content has 501 characters"),
    Case("content a pile", the_json(content="x" + "\u0300\u0323" * 16), "content piles more than 30 marks"),
    Case("content endless joiners", b'{"content": "%b"}' % ("👩\u200d" * 4_000).encode(), "content is over"),
    Case("lone surrogate", b'{"content": "a\\ud800b"}', "content has a lone surrogate"),
    Case("replyTo a number", the_json(replyTo=12), "replyTo is not a string"),
    Case("replyTo no number", the_json(replyTo="abc"), "replyTo is not an id"),
    Case("replyTo negative", the_json(replyTo="-1"), "replyTo is not an id"),
    Case("replyTo over 64 bits", the_json(replyTo=str(2**64)), "replyTo is not an id"),
    Case("replyTo other digits", the_json(replyTo="١٢"), "replyTo is not an id"),
    Case("media no list", the_json(media="abc"), "media is not a list"),
    Case("media of numbers", the_json(media=[1]), "media is not a list of strings"),
    Case("media that is no id", the_json(media=["m-1"]), "media has an id that no image has"),
    Case("body too large", the_json(more="x" * 70_000), "body is over 65536 bytes", 413),
]


def assert_problem(answer: object, status: int, says: str) -> None:
    assert answer.status == status, answer  # type: ignore[attr-defined]
    assert answer.headers["Content-Type"] == "application/problem+json"  # type: ignore[attr-defined]
    problem = answer.json  # type: ignore[attr-defined]
    assert problem["status"] == status
    assert problem["type"] == "about:blank"
    assert problem["title"]
    assert says in problem["detail"]


@pytest.mark.parametrize("case", BODIES, ids=lambda case: case.name)
async def test_a_bad_body(edges: Edges, case: Case) -> None:
    answer = await edges.http("POST", f"/comments/{VIDEO}", case.body, POST)
    assert_problem(answer, case.status, case.says)
    assert await edges.stored() == []
    assert edges.published.events == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/x-www-form-urlencoded", "Content-Encoding": "br"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
    ids=str,
)
async def test_a_body_of_another_type_is_415(edges: Edges, headers: dict[str, str]) -> None:
    answer = await edges.http("POST", f"/comments/{VIDEO}", the_json(), BEARER | headers)
    assert_problem(answer, 415, "body has to")
    assert await edges.stored() == []


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("pageSize=0", "pageSize is not a number from 1 to 200"),
        ("pageSize=201", "pageSize is not"),
        ("pageSize=-1", "pageSize is not"),
        ("pageSize=", "pageSize is not"),
        ("pageSize=ten", "pageSize is not"),
        ("pageSize=5.0", "pageSize is not"),
        ("pageSize=%205", "pageSize is not"),
        ("pageSize=%2B5", "pageSize is not"),
        ("pageSize=%D9%A5", "pageSize is not"),
        ("pageSize=" + "9" * 1_000, "pageSize is not"),
        ("pageSize=5&pageSize=6", "pageSize is given more than once"),
        ("cursor=", "cursor is not an id"),
        ("cursor=abc", "cursor is not an id"),
        ("cursor=-1", "cursor is not an id"),
        ("cursor=1e3", "cursor is not an id"),
        ("cursor=0x10", "cursor is not an id"),
        (f"cursor={2**64}", "cursor is not an id"),
        ("cursor=%FF", "cursor is not an id"),
        ("cursor=1&cursor=1", "cursor is given more than once"),
        ("direction=up", "direction is none of before, after"),
        ("direction=BEFORE", "direction is none of"),
        ("direction=", "direction is none of"),
        ("sort=newest", "sort is none of desc, asc"),
        ("sort=asc&sort=asc", "sort is given more than once"),
    ],
)
async def test_a_bad_parameter(edges: Edges, query: str, says: str) -> None:
    assert_problem(await edges.http.get(f"/comments/{VIDEO}?{query}"), 400, says)


@pytest.mark.parametrize(
    "path",
    [
        "/comments",
        "/comments/",
        "/comments/a%20b",
        "/comments/a.b",
        "/comments/" + "v" * 65,
        "/comments/%FF",
        "/comments/%00",
        "/comments/match-42%0A",
        "/comments/ümlaut",
        "/comments/..%2F..%2Fetc",
        f"/comments/{VIDEO}/",
        f"/comments/{VIDEO}/1",
        f"/comments/{VIDEO}/abc",
        f"/comments/{VIDEO}/{2**64}",
        f"/comments/{VIDEO}/1/2",
        "/nothing",
        "/assets/",
        "/assets/none.js",
        "/assets/../settings.py",
        "/assets/%2e%2e/settings.py",
        "/assets/..%2fsettings.py",
        "/assets/page",
        "/assets/page%00.js",
    ],
)
async def test_a_path_that_is_not_there(edges: Edges, path: str) -> None:
    answer = await edges.http.get(path)
    assert_problem(answer, 404, "")
    assert "/work" not in answer.json["detail"]


async def test_posting_to_what_is_no_video_is_404(edges: Edges) -> None:
    assert_problem(await edges.http.post("/comments/a.b", {"content": "x"}), 404, "liveVideoId")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", f"/comments/{VIDEO}", "GET, HEAD, POST"),
        ("DELETE", f"/comments/{VIDEO}", "GET, HEAD, POST"),
        ("PATCH", f"/comments/{VIDEO}", "GET, HEAD, POST"),
        ("OPTIONS", f"/comments/{VIDEO}", "GET, HEAD, POST"),
        ("BREW", f"/comments/{VIDEO}", "GET, HEAD, POST"),
        ("POST", f"/comments/{VIDEO}/1", "GET, HEAD, DELETE, PATCH"),
        ("POST", f"/comments/{VIDEO}/1/replies", "GET, HEAD"),
        ("GET", f"/videos/{VIDEO}/end", "POST"),
        ("GET", "/auth/dev-token", "POST"),
        ("HEAD", "/auth/dev-token", "POST"),
        ("POST", "/", "GET, HEAD"),
        ("POST", "/assets/livecomments.js", "GET, HEAD"),
    ],
)
async def test_a_method_that_a_path_does_not_have(edges: Edges, method: str, path: str, allow: str) -> None:
    answer = await edges.http(method, path, b"" if method in {"POST", "PUT", "PATCH"} else None, POST)
    assert answer.status == 405
    assert answer.headers["Allow"] == allow
    if method != "HEAD":
        assert_problem(answer, 405, "")


async def test_refusals_are_counted_by_reason(edges: Edges) -> None:
    await edges.http("POST", f"/comments/{VIDEO}", b"{", POST)
    await edges.http.get("/nothing")
    await edges.http("PUT", f"/comments/{VIDEO}", b"")
    await edges.http("POST", f"/comments/{VIDEO}", b"{}", BEARER)
    await edges.http("POST", f"/comments/{VIDEO}", b"{}", JSON)
    for reason in (
        "invalid_argument",
        "not_found",
        "method_not_allowed",
        "unsupported_media_type",
        "unauthenticated",
    ):
        assert edges.metric("requests_refused_total", edge="http", reason=reason) == 1, reason
