"""Images under bounds: who may see and upload them, how many at a time, and readers who are slow."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from comment_service.refusal import RateLimited
from comment_service.sender import Sender
from tests.integration.comment_service.edges import BEARER, VIDEO, Edges, RawConnection
from tests.support.eventually import eventually
from tests.support.images import FORM, form, part, picture

MIB = 1024 * 1024


@pytest.fixture
def media_settings() -> dict[str, object]:
    return {"media_max_downloads": 1, "media_download_timeout_s": 2.0}


@pytest.fixture
def read_needs_token(request: pytest.FixtureRequest) -> bool:
    return "private" in request.node.name


async def uploaded(edges: Edges, data: bytes) -> str:
    answer = await edges.http("POST", "/media", form(part(data)), BEARER | FORM)
    assert answer.status == 201, answer
    return str(answer.json["mediaId"])


async def test_where_reading_is_private_images_are_too(edges: Edges) -> None:
    path = f"/media/{await uploaded(edges, picture())}"
    assert (await edges.http.get(path)).status == 401
    got = await edges.http.get(path, **BEARER)
    assert got.status == 200
    assert got.headers["Cache-Control"] == "private, no-cache"
    assert "Authorization" in got.headers["Vary"]
    assert (await edges.http.get(path, **BEARER, **{"If-None-Match": got.headers["ETag"]})).status == 304


@pytest.fixture
def slow_reader(edges: Edges) -> Iterator[RawConnection]:
    """Takes next to nothing at a time."""
    connection = RawConnection(edges.http.port, receive_bytes=4096)
    yield connection
    connection.close()


async def test_who_takes_no_image_in_time_is_cut_off_and_no_more_than_may_be_do(
    edges: Edges, slow_reader: RawConnection
) -> None:
    large = await asyncio.to_thread(picture, "PNG", (1_300, 1_300))
    assert len(large) > 4 * MIB
    media_id = await uploaded(edges, large)
    slow_reader.send(f"GET /media/{media_id} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert edges.services.media is not None
    library = edges.services.media.library
    await eventually(lambda: library.downloads == 1)
    refused = await edges.http.get(f"/media/{media_id}")
    assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
    await eventually(lambda: library.downloads == 0)
    await eventually(lambda: edges.traffic.in_flight == 0)
    assert len(await asyncio.to_thread(slow_reader.rest)) < len(large), "it is told by the connection's end"
    assert len((await edges.http.get(f"/media/{media_id}")).body) == len(large)


async def test_something_else_may_speak_against_an_upload(edges: Edges) -> None:
    asked: list[str] = []

    async def check(sender: Sender) -> None:
        asked.append(sender.identity.user_id)
        raise RateLimited("too many images", retry_after_s=7)

    assert edges.services.media is not None
    edges.services.media.uploads.checks = [check]
    refused = await edges.http("POST", "/media", form(part(picture())), BEARER | FORM)
    assert (refused.status, refused.headers["Retry-After"], asked) == (429, "7", ["u-17"])
    assert edges.services.media.spool.uploads == 0


async def test_an_image_that_is_being_removed_can_be_uploaded_in_a_moment(edges: Edges) -> None:
    data = picture()
    media_id = await uploaded(edges, data)
    assert await edges.store.media.condemn(media_id, uploaded_until_ms=2**60, now_ms=5)
    assert (await edges.http.get(f"/media/{media_id}")).status == 404
    body = {"content": "look", "media": [media_id]}
    assert (await edges.http.post(f"/comments/{VIDEO}", body)).status == 400
    again = asyncio.create_task(uploaded(edges, data))
    await eventually(lambda: edges.services.media is not None and edges.services.media.spool.uploads == 1)
    await edges.store.media.forget(media_id, 5)
    assert await again == media_id
    await edges.http.comment("look", media=[media_id])
    assert (await edges.http.get(f"/media/{media_id}")).status == 200
