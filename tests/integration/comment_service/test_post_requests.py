"""A post is answered without a request handler, and nobody can tell: as any other request of the API."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from tests.integration.comment_service.edges import TOKEN, VIDEO, Answer, Edges, RawConnection
from tests.support.eventually import eventually

PATH = f"/comments/{VIDEO}"


@pytest.fixture
def raw(edges: Edges) -> Iterator[RawConnection]:
    connection = RawConnection(edges.http.port)
    yield connection
    connection.close()


def post(content: str, *, path: str = PATH, version: str = "1.1", connection: str = "") -> bytes:
    body = json.dumps({"content": content}).encode()
    lines = [f"POST {path} HTTP/{version}", "Host: here", "Content-Type: application/json"]
    lines += [f"Authorization: Bearer {TOKEN}", f"Content-Length: {len(body)}"]
    lines += [f"Connection: {connection}"] if connection else []
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def others(answer: Answer) -> dict[str, str]:
    """The headers that do not differ from answer to answer; the client closes each connection."""
    own = {"Date", "Content-Length", "Connection"}
    return {name: value for name, value in answer.headers.items() if name not in own}


async def test_its_answer_has_the_headers_of_the_api(edges: Edges) -> None:
    answer = await edges.http.post(PATH, {"content": "hello"})
    assert answer.status == 201
    assert others(answer) == {
        "Content-Type": "application/json",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        "Location": f"{PATH}/{answer.json['commentId']}",
    }
    assert answer.headers["Date"].endswith(" GMT")


@pytest.mark.parametrize("path", ["/comments/no%20id", "/comments/%ff", "/comments/", "/comments/" + "x" * 65])
async def test_its_refusal_is_as_of_any_other_request(edges: Edges, path: str) -> None:
    refused = await edges.http.post(path, {"content": "hello"})
    other = await edges.http.get(path)
    assert (refused.status, refused.body) == (other.status, other.body)
    assert refused.status == 404
    assert others(refused) == others(other)


async def test_the_path_may_be_escaped_and_have_a_query(edges: Edges) -> None:
    path = "/comments/" + "".join(f"%{ord(character):02x}" for character in VIDEO)
    assert (await edges.http.post(f"{path}?from=/comments/elsewhere", {"content": "hello"})).status == 201
    assert [comment.content for comment in await edges.stored()] == ["hello"]


async def test_requests_of_every_kind_follow_one_another_on_a_connection(edges: Edges, raw: RawConnection) -> None:
    get = f"GET {PATH} HTTP/1.1\r\nHost: here\r\nCache-Control: no-cache\r\n\r\n".encode()
    for request, status in ((post("one"), 201), (get, 200), (post(""), 400), (post("two"), 201), (get, 200)):
        raw.send(request)
        answer = await asyncio.to_thread(raw.answer)
        assert answer.status == status
    assert [comment["content"] for comment in answer.json["comments"]] == ["two", "one"]


@pytest.mark.parametrize(("version", "connection", "kept"), [("1.0", "", False), ("1.0", "keep-alive", True)])
async def test_old_clients_are_told_whether_the_connection_goes_on(
    edges: Edges, raw: RawConnection, version: str, connection: str, kept: bool
) -> None:
    raw.send(post("old", version=version, connection=connection))
    answer = await asyncio.to_thread(raw.answer)
    assert answer.status == 201
    assert (answer.headers.get("Connection") == "Keep-Alive") is kept
    assert kept or await asyncio.to_thread(raw.is_closed)


async def test_a_comment_is_stored_though_its_author_has_gone(edges: Edges, raw: RawConnection) -> None:
    raw.send(post("and off"))
    raw.close()

    async def stored() -> bool:
        return [comment.content for comment in await edges.stored()] == ["and off"]

    await eventually(stored)
    await eventually(lambda: edges.traffic.in_flight == 0)


async def test_a_fault_is_logged_and_told_of_without_its_details(edges: Edges, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("the secret of the house")

    monkeypatch.setattr(edges.services.comments, "post", broken)
    with capture_logs() as logs:
        answer = await edges.http.post(PATH, {"content": "hello"})
    assert answer.status == 500
    assert "something went wrong on this side" in answer.json["detail"]
    assert b"secret" not in answer.body
    assert [entry["event"] for entry in logs] == ["http_handler_failed"]
    assert edges.metric("requests_refused_total", edge="http", reason="internal") == 1


async def test_while_the_process_ends_the_connection_does_not_go_on(edges: Edges, raw: RawConnection) -> None:
    edges.traffic.draining = True
    raw.send(post("the last"))
    answer = await asyncio.to_thread(raw.answer)
    assert (answer.status, answer.headers["Connection"]) == (201, "close")
