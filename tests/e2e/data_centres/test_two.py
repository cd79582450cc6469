"""Two data centres: what happens in one reaches the viewers of the other, whichever that is and whatever dies."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from itertools import permutations
from typing import Any

import pytest

from ops.client import HttpClient
from ops.local_cluster.data_centres import DataCentres
from tests.support.cluster import Cluster
from tests.support.data_centres import running_data_centres
from tests.support.desk import Desk
from tests.support.eventually import eventually
from tests.support.posting import Author
from tests.support.reactions import Reactor, known
from tests.support.viewers import Audience, Viewer

# Nobody waits that long; a busy machine may take it.
ARRIVES_S = 30.0


@pytest.fixture(scope="module")
def centres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DataCentres[Cluster]]:
    """For the tests of this file, each of which leaves them well."""
    with running_data_centres(tmp_path_factory.mktemp("data-centres")) as centres:
        yield centres


@pytest.fixture(params=permutations(range(2)), ids=lambda order: f"from dc{order[0] + 1}")
def ways(request: pytest.FixtureRequest, centres: DataCentres[Cluster]) -> tuple[Cluster, Cluster]:
    """Where something happens, and where somebody watches: both ways."""
    here, there = request.param
    return centres.clusters[here], centres.clusters[there]


def told(viewer: Viewer, *events: str) -> list[tuple[str, Any]]:
    """The events of these names that came."""
    return [(event.event, event.json()) for event in viewer.events if event.event in events]


async def test_all_that_happens_in_one_reaches_viewers_of_the_other(ways: tuple[Cluster, Cluster]) -> None:
    here, there = ways
    video = f"from-{here.dc}"
    async with (
        Author(here) as author,
        Reactor(here) as reactor,
        HttpClient(here.url) as http,
        Audience([Viewer(here.url, video), Viewer(there.url, video)]) as audience,
    ):
        ada = Desk(http, await here.token("ada"))
        moderator = Desk(http, await here.token("mo", role="moderator"))
        first, second = [await author.post(video, text) for text in ("What a goal", "Never")]
        for viewer in audience.viewers:
            await viewer.until_last(second, timeout_s=ARRIVES_S)
        await reactor.react(video, first, "like", user="bob")
        _, edited = await ada("PATCH", f"/comments/{video}/{first}", {"content": "What a save"})
        assert (await ada("DELETE", f"/comments/{video}/{second}"))[0] == 204
        changes = [("edit", edited), ("delete", {"commentId": str(second)})]
        for viewer in audience.viewers:
            await eventually(partial(_has, viewer, changes), timeout_s=ARRIVES_S, what="the edit and the deletion")
            await eventually(
                partial(_knows, viewer, first, {"like": 1}), timeout_s=ARRIVES_S, what="the reaction's total"
            )
        assert (await moderator("POST", f"/videos/{video}/end"))[0] == 202
        for viewer in audience.viewers:
            await viewer.until_closed(timeout_s=ARRIVES_S)
            assert told(viewer, "end") == [("end", {})]


def _has(viewer: Viewer, changes: list[tuple[str, Any]]) -> bool:
    return told(viewer, "edit", "delete") == changes


def _knows(viewer: Viewer, comment_id: int, totals: dict[str, int]) -> bool:
    return known(viewer).get(str(comment_id)) == totals


async def test_who_comes_back_in_the_other_data_centre_misses_nothing(ways: tuple[Cluster, Cluster]) -> None:
    here, there = ways
    video = f"left-{here.dc}"
    async with Author(here) as author, Author(there) as other:
        ids = [await author.post(video)]
        async with Audience([Viewer(here.url, video)]) as audience:
            await audience.viewers[0].until_count(1)
        # Meanwhile something is said in both.
        for _ in range(10):
            ids += [await author.post(video), await other.post(video)]
        for _ in range(2):  # where nobody watched before, and where somebody does
            back = Viewer(there.url, video, headers={"Last-Event-ID": str(ids[0])})
            async with Audience([back]):
                ids.append(await author.post(video))
                await back.until_last(ids[-1], timeout_s=ARRIVES_S)
                # Of the 2 s before the cursor some may come once more.
                assert [each for each in back.ids if each > ids[0]] == sorted(ids[1:])


async def test_no_dispatcher_for_a_while_in_one_loses_nothing_of_what_was_acknowledged(
    ways: tuple[Cluster, Cluster],
) -> None:
    here, there = ways
    videos = [f"killed-{here.dc}-{number}" for number in range(3)]
    posted: dict[str, set[int]] = {video: set() for video in videos}
    done = False

    async def chat(author: Author, video: str) -> None:
        while not done:
            posted[video].add(await author.post(video))

    def enough(more: int) -> int:
        return sum(map(len, posted.values())) + more

    viewers = [Viewer(cluster.url, video) for cluster in ways for video in videos]
    async with Author(here) as author, Author(there) as other, Audience(viewers) as audience:
        chats = [asyncio.create_task(chat(each, video)) for each in (author, other) for video in videos]
        wanted = enough(60)
        await eventually(lambda: enough(0) >= wanted, what="60 posts")
        await asyncio.gather(*(node.kill9() for node in here.dispatchers.values()))
        wanted = enough(60)
        await eventually(lambda: enough(0) >= wanted, what="60 posts without a dispatcher")
        await asyncio.gather(*(node.start() for node in here.dispatchers.values()))
        wanted = enough(60)
        await eventually(lambda: enough(0) >= wanted, what="60 more posts")
        done = True
        await asyncio.gather(*chats)
        for viewer, video in zip(audience.viewers, videos * 2, strict=True):
            await eventually(partial(_has_all, viewer, posted[video]), timeout_s=60, what=f"all of {video}")
            assert len(viewer.ids) == len(posted[video]), "nothing twice, and nothing else"
            assert not viewer.closed


def _has_all(viewer: Viewer, posted: set[int]) -> bool:
    return posted <= set(viewer.ids)
