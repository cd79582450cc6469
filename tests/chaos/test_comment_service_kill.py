"""A comment service dies without a word: what it acknowledged is stored, and reaches those who are watching."""

from __future__ import annotations

import asyncio

import pytest

from ops.client import ClientError
from tests.support.cluster import Cluster
from tests.support.eventually import eventually
from tests.support.posting import Author
from tests.support.viewers import Audience, Viewer

VIDEOS = [f"video-{number}" for number in range(16)]


@pytest.mark.parametrize("rms_link", ["h2"])  # what is killed is not on the link
async def test_what_was_acknowledged_reaches_the_viewers(own_cluster: Cluster) -> None:
    [service] = own_cluster.comment_services.values()
    async with (
        Audience([Viewer(own_cluster.url, video) for video in VIDEOS]) as audience,
        Author(own_cluster, at_once=len(VIDEOS)) as author,
    ):
        posted: dict[str, list[int]] = {video: [] for video in VIDEOS}
        for _ in range(3):
            chats = [asyncio.create_task(_chat_until_refused(author, video, posted[video])) for video in VIDEOS]
            await _grows(posted)
            await service.kill9()
            await asyncio.gather(*chats)
            await service.start()
            await eventually(lambda: _accepted(author, VIDEOS[0], posted[VIDEOS[0]]), what="posts to be accepted again")
        for viewer, video in zip(audience.viewers, VIDEOS, strict=True):
            stored = await author.stored(video)
            assert set(posted[video]) <= set(stored), "what was acknowledged is stored"
            await viewer.until_count(len(stored), timeout_s=20)
            assert sorted(viewer.ids) == stored
            assert not viewer.closed


async def _accepted(author: Author, video: str, posted: list[int]) -> bool:
    try:
        posted.append(await author.post(video))
    except ClientError:
        return False
    return True


async def _chat_until_refused(author: Author, video: str, posted: list[int]) -> None:
    while await _accepted(author, video, posted):
        pass


async def _grows(posted: dict[str, list[int]]) -> None:
    enough = sum(map(len, posted.values())) + 200
    await eventually(lambda: sum(map(len, posted.values())) >= enough, what="200 more posts")
