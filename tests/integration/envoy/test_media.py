"""Images through Envoy: uploads are passed on as they come, and are as large as an image may be."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.envoy import Edge
from tests.support.eventually import eventually

MIB = 1024 * 1024
USER = {"Authorization": "Bearer token-1"}


async def test_an_upload_is_as_large_as_an_image_may_be(edge: Edge) -> None:
    body = bytes(5 * MIB)
    answer = await edge.request("POST", "/media", USER, body=body)
    assert answer.status == 200
    (seen,) = [seen for backend in edge.comment_services for seen in backend.seen]
    assert len(seen.body) == len(body)
    refused = await edge.request("POST", "/media/x", USER, body=bytes(100_000))
    assert refused.problem()["status"] == 413, "nothing else is"


async def test_an_upload_is_passed_on_as_it_comes(edge: Edge) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
    writer.write(b"POST /media HTTP/1.1\r\nHost: edge\r\nContent-Length: 100000\r\n\r\n" + bytes(1_000))

    def arrived() -> int:
        return sum(backend.behaviour.body_bytes for backend in edge.comment_services)

    await eventually(lambda: arrived() == 1_000)
    writer.write(bytes(99_000))
    assert (await asyncio.wait_for(reader.readline(), 10)).startswith(b"HTTP/1.1 200")
    assert arrived() == 100_000
    writer.close()


async def test_one_user_s_uploads_meet_one_comment_service(edge: Edge) -> None:
    nodes = {(await edge.request("POST", "/media", USER, body=b"x")).node for _ in range(5)}
    assert len(nodes) == 1


@pytest.mark.parametrize("path", ["/media/" + "0" * 64, "/media/x?y=z"])
async def test_an_image_comes_from_any(edge: Edge, path: str) -> None:
    answers = [await edge.request("GET", path) for _ in range(20)]
    assert {answer.node for answer in answers} == {"comment-service-1", "comment-service-2"}
