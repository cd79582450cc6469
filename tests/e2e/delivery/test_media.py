"""A picture from who takes it to all who watch, and out of sight again."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from ops.client import HttpClient, Response
from tests.support.cluster import Cluster
from tests.support.eventually import eventually
from tests.support.images import FORM, form, opened, part, picture
from tests.support.viewers import Viewer

JSON = {"Content-Type": "application/json"}
MIB = 1024 * 1024


@dataclass
class Ada:
    """Someone who takes pictures."""

    http: HttpClient
    token: str

    async def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Response:
        credentials = {"Authorization": f"Bearer {self.token}"}
        return await self.http.request(method, path, headers=credentials | (headers or {}), body=body)

    async def upload(self, data: bytes) -> Response:
        return await self.ask("POST", "/media", form(part(data)), FORM)

    async def post(self, video: str, media_id: str) -> str:
        body = json.dumps({"content": "look", "media": [media_id]}).encode()
        answer = await self.ask("POST", f"/comments/{video}", body, JSON)
        assert answer.status == 201, answer
        return str(json.loads(answer.body)["commentId"])


@pytest.fixture
async def ada(cluster: Cluster) -> AsyncIterator[Ada]:
    async with HttpClient(cluster.url, timeout_s=60) as http:
        yield Ada(http, await cluster.token("ada"))


async def test_viewers_see_the_picture_until_its_comment_is_deleted(cluster: Cluster, ada: Ada) -> None:
    video, original = "pictured", picture("JPEG", (400, 300))
    viewer = await Viewer(cluster.url, video).open()
    uploaded = await ada.upload(original)
    assert uploaded.status == 201, uploaded
    media = json.loads(uploaded.body)
    comment_id = await ada.post(video, media["mediaId"])
    await viewer.until_count(1)
    assert viewer.comments[0].json()["media"] == [media]
    late = await Viewer(cluster.url, video).open()
    await late.until_count(1)
    assert late.comments[0].data == viewer.comments[0].data, "from the store the same bytes come"

    shown = await ada.http.request("GET", f"/media/{media['mediaId']}")
    assert opened(shown.body).tobytes() == opened(original).tobytes()
    assert shown.head.headers["content-type"] == "image/jpeg"
    assert "immutable" in shown.head.headers["cache-control"]

    assert (await ada.ask("DELETE", f"/comments/{video}/{comment_id}")).status == 204
    assert (await ada.http.request("GET", f"/media/{media['mediaId']}")).status == 404
    await eventually(lambda: any(event.event == "delete" for event in viewer.events))
    viewer.close()
    late.close()


async def test_a_picture_as_large_as_may_be_and_one_that_is_larger(ada: Ada) -> None:
    image = picture()
    padding = bytes(5 * MIB - len(image))
    assert (await ada.upload(image + padding)).status == 201
    refused = await ada.upload(image + padding + b"x")
    assert refused.status == 413
    assert json.loads(refused.body)["status"] == 413


@pytest.mark.parametrize(
    ("data", "status"), [(b"<svg/>", 415), (picture()[:500], 400), (b"", 400)], ids=["svg", "half", "nothing"]
)
async def test_what_is_no_picture(ada: Ada, data: bytes, status: int) -> None:
    assert (await ada.upload(data)).status == status
