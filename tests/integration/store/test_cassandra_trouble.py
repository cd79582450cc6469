"""What the Cassandra store says when Cassandra does not answer, or is not what it was said to be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from comment_service.comment import Comment
from comment_service.store import StoreError, StoreOverloaded, StoreUnavailable
from comment_service.store.cassandra import CassandraStore, CassandraStoreOptions
from comment_service.store.cassandra.metrics import CassandraMetrics
from ops.local_cluster.cassandra import CassandraServer
from ops.local_cluster.ports import free_port
from tests.support.cassandra import DURABLE, options_of, require_cassandra
from tests.support.eventually import eventually


@pytest.fixture(scope="module")
def own_cassandra(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CassandraServer]:
    """For the tests of this file, each of which leaves it well."""
    require_cassandra()
    server = CassandraServer(tmp_path_factory.mktemp("own-cassandra"), options=DURABLE)
    asyncio.run(server.start())
    yield server
    asyncio.run(server.process.kill9())


@pytest.fixture(scope="module")
def options(own_cassandra: CassandraServer) -> CassandraStoreOptions:
    async def make_tables() -> CassandraStoreOptions:
        store = CassandraStore(options := options_of(own_cassandra))
        await store.start()
        await store.aclose()
        return options

    return asyncio.run(make_tables())


@pytest.fixture
def paused(own_cassandra: CassandraServer) -> Iterator[Callable[[], None]]:
    """Hangs Cassandra, until the end of the test."""
    yield own_cassandra.process.pause
    own_cassandra.process.resume()


def a_comment(number: int, video: str = "match-42") -> Comment:
    return Comment(number, video, "u-1", "Ada", "hello")


async def test_what_hangs_is_told_in_time_and_mends_by_itself(
    own_cassandra: CassandraServer, options: CassandraStoreOptions, paused: Callable[[], None]
) -> None:
    registry = CollectorRegistry()
    store = CassandraStore(replace(options, timeout_s=1.0), metrics=CassandraMetrics(registry))
    await store.start()
    paused()
    # Far more than are under way at a time: those that wait for their turn hear of it too.
    writes = [store.comments.add(a_comment(n, f"video-{n % 300}")) for n in range(2_000)]
    reads = [asyncio.create_task(store.comments.before("match-42", None, 10)) for _ in range(300)]
    async with asyncio.timeout(30):
        outcomes = await asyncio.gather(*writes, *reads, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {StoreUnavailable}
    assert store.waiting_writes == store.waiting_reads == 0
    for reason in ("timeout", "queued_too_long"):
        name = "livecomments_comment_service_cassandra_requests_failed_total"
        assert registry.get_sample_value(name, {"reason": reason})
    own_cassandra.process.resume()

    async def accepted() -> bool:
        try:
            await store.comments.add(a_comment(5_000))
        except StoreUnavailable:
            return False
        return True

    await eventually(accepted, timeout_s=60, what="a write to be accepted again")
    assert await store.comments.get("match-42", 5_000) == a_comment(5_000)
    await store.aclose()


async def test_what_hung_may_have_been_counted_and_what_only_waited_was_not(
    own_cassandra: CassandraServer, options: CassandraStoreOptions, paused: Callable[[], None]
) -> None:
    store = CassandraStore(replace(options, timeout_s=1.0, max_requests=1))
    await store.start()
    paused()
    counts = [store.reactions.count_for_video(video, {"like": 3}) for video in ("hung", "waited")]
    hung, waited = await asyncio.gather(*counts, return_exceptions=True)
    assert isinstance(hung, StoreUnavailable)
    assert isinstance(waited, StoreUnavailable)
    assert (hung.in_doubt, waited.in_doubt) == (True, False)
    own_cassandra.process.resume()

    async def answered() -> bool:
        try:
            return await store.reactions.of_video("waited") == {}
        except StoreUnavailable:
            return False

    await eventually(answered, timeout_s=60, what="a read to be answered again")
    assert await store.reactions.of_video("hung") in ({}, {"like": 3})
    await store.aclose()


async def test_what_is_too_much_is_refused_at_once(options: CassandraStoreOptions, paused: Callable[[], None]) -> None:
    store = CassandraStore(replace(options, timeout_s=1.0, max_waiting_writes=3, max_waiting_reads=2))
    await store.start()
    paused()
    writes = [store.comments.add(a_comment(n)) for n in range(3)]
    with pytest.raises(StoreOverloaded):
        store.comments.add(a_comment(4))
    reads = [asyncio.create_task(store.comments.get("match-42", 1)) for _ in range(2)]
    await eventually(lambda: store.waiting_reads == 2)
    with pytest.raises(StoreOverloaded):
        await store.videos.get("match-42")
    assert store.waiting_writes == 3
    closing = asyncio.create_task(store.aclose())
    outcomes = await asyncio.gather(*writes, *reads, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {StoreUnavailable}
    async with asyncio.timeout(30):
        await closing


async def test_a_cancelled_wait_gives_its_place_back(options: CassandraStoreOptions) -> None:
    store = CassandraStore(replace(options, max_waiting_writes=5, max_waiting_reads=5, max_requests=1))
    await store.start()
    for _ in range(4):
        tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(store.comments.add(a_comment(n))) for n in range(5)]
        tasks += [asyncio.ensure_future(store.videos.get("match-42")) for _ in range(5)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await eventually(lambda: store.waiting_writes == store.waiting_reads == 0)
    await store.comments.add(a_comment(9))
    await store.aclose()


async def test_nothing_listens_there() -> None:
    port = free_port()
    store = CassandraStore(CassandraStoreOptions(port=port, connect_timeout_s=2))
    with pytest.raises(StoreUnavailable, match=f"Cassandra at 127.0.0.1:{port} cannot be reached") as refused:
        await store.start()
    assert "\n" not in str(refused.value)
    await store.aclose()


async def test_a_name_that_does_not_resolve() -> None:
    store = CassandraStore(CassandraStoreOptions(contact_points=("no-such-host.invalid",)))
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        await store.start()


async def test_a_data_centre_that_cassandra_does_not_have(options: CassandraStoreOptions) -> None:
    store = CassandraStore(replace(options, local_dc="dc9"))
    with pytest.raises(StoreError, match="has no data centre dc9; it has dc1"):
        await store.start()
