"""Two data centres, each with a Cassandra of its own: one goes on without the other's, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from ops.client import ApiError, HttpClient
from ops.local_cluster.cassandra import CassandraOptions
from ops.local_cluster.data_centres import DataCentres
from tests.support.cluster import Cluster
from tests.support.data_centres import running_data_centres
from tests.support.desk import Desk
from tests.support.eventually import eventually
from tests.support.posting import Author
from tests.support.viewers import Audience, Viewer

VIDEO = "match-42"
PATIENCE_S = 60.0


@pytest.fixture
def cassandra_centres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DataCentres[Cluster]]:
    folder = tmp_path_factory.mktemp("data-centres")
    # None of them is restarted, so the tables need not be flushed one by one.
    cassandra = CassandraOptions(quick_start=True, flush_schema=False)
    with running_data_centres(
        folder, store="cassandra", cassandra=cassandra, COMMENT_SERVICE_CASSANDRA_TIMEOUT_S="4"
    ) as centres:
        yield centres


@pytest.mark.slow
async def test_each_goes_on_alone_and_has_everything_in_the_end(cassandra_centres: DataCentres[Cluster]) -> None:
    here, there = cassandra_centres.clusters
    assert there.cassandra is not None
    viewers = [Viewer(here.url, VIDEO), Viewer(there.url, VIDEO)]
    async with Author(here) as author, Author(there) as other, Audience(viewers):
        posted = [await each.post(VIDEO) for each in (author, other) * 3]
        await _all_have(viewers, posted)
        for each in (author, other):
            await eventually(partial(_has_stored, each, posted), timeout_s=PATIENCE_S, what="all of it in both stores")

        async with HttpClient(there.url) as http:
            nobody = Desk(http, await there.token("nobody"))
            account = {"username": "ada", "password": "a long password"}
            assert (await nobody("POST", "/auth/register", account))[0] == 201
        async with HttpClient(here.url) as http:
            desk = Desk(http, await here.token("nobody"))
            await eventually(partial(_logs_in, desk, account), every_s=0.5, what="the account to be known in both")

        there.cassandra.process.pause()
        with pytest.raises(ApiError) as refused:
            await other.post(VIDEO)
        assert refused.value.status == 503, "its own store hangs"
        posted += [await author.post(VIDEO) for _ in range(3)]
        await _all_have(viewers, posted)  # the live way needs no store

        there.cassandra.process.resume()
        await eventually(partial(_accepted, other, posted), timeout_s=PATIENCE_S, what="posts to be accepted again")
        await _all_have(viewers, posted)
        for each in (author, other):
            await eventually(partial(_has_stored, each, posted), timeout_s=PATIENCE_S, what="all of it in both stores")


async def _all_have(viewers: list[Viewer], posted: list[int]) -> None:
    for viewer in viewers:
        await eventually(lambda: set(posted) <= set(viewer.ids), timeout_s=PATIENCE_S, what="all of it at a viewer")  # noqa: B023


async def _logs_in(desk: Desk, account: dict[str, str]) -> bool:
    return (await desk("POST", "/auth/login", account))[0] == 200


async def _has_stored(author: Author, posted: list[int]) -> bool:
    return set(posted) <= set(await author.stored(VIDEO))


async def _accepted(author: Author, posted: list[int]) -> bool:
    try:
        posted.append(await author.post(VIDEO))
    except ApiError:
        return False
    return True
