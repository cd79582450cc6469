"""Requests over a limit: refused with an answer that arrives, and without being read to their end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.integration.comment_service.edges import BEARER, VIDEO, Answer, Edges, RawConnection
from tests.support.eventually import eventually

HEAD = "".join(
    f"{name}: {value}\r\n" for name, value in (BEARER | {"Host": "x", "Content-Type": "application/json"}).items()
)
MIB = 1024 * 1024


@pytest.fixture
def raw(edges: Edges) -> Iterator[RawConnection]:
    connection = RawConnection(edges.http.port)
    yield connection
    connection.close()


async def ask(raw: RawConnection, *parts: bytes) -> Answer:
    def talk() -> Answer:
        for part in parts:
            raw.send(part)
        return raw.answer()

    return await asyncio.to_thread(talk)


def assert_refused(answer: Answer, status: int, says: str) -> None:
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json["status"] == status
    assert says in answer.json["detail"]


async def test_a_long_url_is_414(edges: Edges, raw: RawConnection) -> None:
    request = f"GET /comments/{VIDEO}?x={'y' * 5_000} HTTP/1.1\r\n{HEAD}\r\n"
    assert_refused(await ask(raw, request.encode()), 414, "URL is over 4096 bytes")


async def test_headers_over_the_limit_are_431(edges: Edges, raw: RawConnection) -> None:
    request = f"GET /comments/{VIDEO} HTTP/1.1\r\n{HEAD}X-More: {'y' * 60_000}\r\n\r\n"
    assert_refused(await ask(raw, request.encode()), 431, "headers are over 16384 bytes")


async def test_a_connection_goes_on_after_such_an_answer(edges: Edges, raw: RawConnection) -> None:
    await ask(raw, f"GET /?x={'y' * 5_000} HTTP/1.1\r\n{HEAD}\r\n".encode())
    answer = await ask(raw, f"GET /comments/{VIDEO} HTTP/1.1\r\n{HEAD}\r\n".encode())
    assert answer.status == 200


async def test_an_announced_body_over_the_limit_is_413(edges: Edges, raw: RawConnection) -> None:
    request = f"POST /comments/{VIDEO} HTTP/1.1\r\n{HEAD}Content-Length: {5 * MIB}\r\n\r\n".encode()
    # All of it is on its way before the answer is read: a connection reset by then would lose the answer.
    assert_refused(await ask(raw, request, b"x" * 5 * MIB), 413, "body is over 65536 bytes")


async def test_a_chunked_body_over_the_limit_is_413(edges: Edges, raw: RawConnection) -> None:
    request = f"POST /comments/{VIDEO} HTTP/1.1\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode()
    chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    assert_refused(await ask(raw, request, *[chunk] * 40), 413, "body is over 65536 bytes")
    assert await edges.stored() == []


async def test_a_chunked_body_within_the_limit_is_fine(edges: Edges, raw: RawConnection) -> None:
    request = f"POST /comments/{VIDEO} HTTP/1.1\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode()
    answer = await ask(raw, request, b'5\r\n{"con\r\n', b'f\r\ntent": "hello"}\r\n', b"0\r\n\r\n")
    assert (answer.status, answer.json["content"]) == (201, "hello")


async def test_an_endless_body_is_not_read_to_its_end(edges: Edges, raw: RawConnection) -> None:
    request = f"POST /comments/{VIDEO} HTTP/1.1\r\n{HEAD}Content-Length: {2**40}\r\n\r\n".encode()

    def send_until_closed() -> int:
        raw.send(request)
        sent = 0
        try:
            while sent < 1024 * MIB:
                raw.send(b"x" * MIB)
                sent += MIB
        except ConnectionError:
            return sent
        return -1

    assert 0 <= await asyncio.to_thread(send_until_closed) < 64 * MIB
    assert edges.metric("requests_refused_total", edge="http", reason="body_too_large") == 1


async def test_a_refused_client_that_goes_silent_is_let_go(edges: Edges, raw: RawConnection) -> None:
    request = f"POST /comments/{VIDEO} HTTP/1.1\r\n{HEAD}Content-Length: {MIB}\r\n\r\n".encode()
    assert (await ask(raw, request)).status == 413
    assert await asyncio.to_thread(raw.is_closed)


async def test_a_body_that_never_comes_counts_as_no_request(edges: Edges, raw: RawConnection) -> None:
    raw.send(f"POST /comments/{VIDEO} HTTP/1.1\r\n{HEAD}Content-Length: 100\r\n\r\n{{".encode())
    raw.close()
    assert (await edges.http.get(f"/comments/{VIDEO}")).status == 200
    await eventually(lambda: edges.traffic.in_flight == 0)


async def test_a_head_that_is_refused_has_no_body(edges: Edges) -> None:
    for headers in ({"Content-Type": "multipart/form-data"}, {"X-Long": "x" * 20_000}):
        answer = await edges.http("HEAD", "/", headers=headers)
        assert (answer.status, answer.body) == (415 if "Content-Type" in headers else 431, b"")
