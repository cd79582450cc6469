"""Cassandra dies, stops or hangs under load: posts are refused in good time, and nothing acknowledged is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from ops.client import ApiError
from ops.local_cluster.cassandra import CassandraServer
from tests.support.cluster import Cluster, running_cluster
from tests.support.eventually import eventually
from tests.support.posting import Author
from tests.support.viewers import Audience, Viewer

VIDEOS = [f"video-{number}" for number in range(4)]
AUTHORS_A_VIDEO = 4
Trouble = Callable[[CassandraServer], Awaitable[object]]


@pytest.fixture(scope="module")
def cassandra_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """For the tests of this file, each of which leaves it well."""
    folder = tmp_path_factory.mktemp("cassandra-cluster")
    patience = {"COMMENT_SERVICE_CASSANDRA_TIMEOUT_S": "4"}
    with running_cluster(folder, rms=1, dispatchers=1, store="cassandra", **patience) as cluster:
        yield cluster


async def kill(server: CassandraServer) -> None:
    await server.process.kill9()


async def stop(server: CassandraServer) -> None:
    await server.stop()


async def hang(server: CassandraServer) -> None:
    server.process.pause()


async def start(server: CassandraServer) -> None:
    await server.start()


async def wake(server: CassandraServer) -> None:
    server.process.resume()


@pytest.mark.slow
@pytest.mark.parametrize(("harm", "heal"), [(kill, start), (stop, start), (hang, wake)])
async def test_what_was_acknowledged_is_stored(cassandra_cluster: Cluster, harm: Trouble, heal: Trouble) -> None:
    cluster = cassandra_cluster
    assert cluster.cassandra is not None
    videos = [f"{harm.__name__}-{video}" for video in VIDEOS]
    async with (
        Audience([Viewer(cluster.url, video) for video in videos]) as audience,
        Author(cluster, at_once=len(videos) * AUTHORS_A_VIDEO) as author,
    ):
        posted: dict[str, list[int]] = {video: [] for video in videos}
        chats = [
            asyncio.create_task(_chat_until_refused(author, video, posted[video]))
            for video in videos
            for _ in range(AUTHORS_A_VIDEO)
        ]
        await eventually(lambda: sum(map(len, posted.values())) >= 300, timeout_s=60, what="300 posts")
        await harm(cluster.cassandra)
        for refusal in await asyncio.gather(*chats):
            assert refusal.status == 503
            assert refusal.retry_after_s is not None
        late = await Viewer(cluster.url, videos[0]).open()
        await late.until_count(1)
        late.close()
        await heal(cluster.cassandra)
        await eventually(
            lambda: _accepted(author, videos[0], posted[videos[0]]), timeout_s=30, what="posts to be accepted again"
        )
        for viewer, video in zip(audience.viewers, videos, strict=True):
            stored = await author.stored(video)
            assert set(posted[video]) <= set(stored), "what was acknowledged is stored"
            await eventually(lambda: set(posted[video]) <= set(viewer.ids), what="all of it at the viewer")  # noqa: B023
            assert not viewer.closed, "live streams go on"


async def _accepted(author: Author, video: str, posted: list[int]) -> bool:
    try:
        posted.append(await author.post(video))
    except ApiError:
        return False
    return True


async def _chat_until_refused(author: Author, video: str, posted: list[int]) -> ApiError:
    while True:
        try:
            posted.append(await author.post(video))
        except ApiError as error:
            return error
