"""What only the Cassandra store promises: many processes at once, buckets, and its schema."""

from __future__ import annotations

import asyncio
import gc
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count

import pytest

from comment_service.comment import Comment
from comment_service.store.cassandra import CassandraStore, schema
from coordination.ids import first_id_at_ms
from tests.contract.store.filling import a_comment, ids
from tests.support.cassandra import SharedCassandra
from tests.support.command import run

YEAR_MS = 365 * 24 * 3600 * 1000
START_MS = 1_750_000_000_000
names = (f"{prefix}-{number}" for prefix in [uuid.uuid4().hex[:8]] for number in count())


@pytest.fixture
async def stores(cassandra: SharedCassandra) -> AsyncIterator[list[CassandraStore]]:
    """Those of three processes."""
    stores = [CassandraStore(cassandra.options) for _ in range(3)]
    for store in stores:
        await store.start()
    yield stores
    for store in stores:
        await store.aclose()


async def test_years_between_two_comments_are_no_way(stores: list[CassandraStore]) -> None:
    video = next(names)
    written = [first_id_at_ms(START_MS + years * YEAR_MS) for years in (0, 1, 9, 30)]
    for number, store in zip(written, [*stores, stores[0]], strict=True):
        await store.comments.add(a_comment(number, video))
    for store in stores:
        assert ids(await store.comments.before(video, None, 10)) == written[::-1]
        assert ids(await store.comments.before(video, written[3], 2)) == [written[2], written[1]]
        assert ids(await store.comments.after(video, written[0] + 1, 10)) == written[1:]


async def test_a_page_goes_on_behind_a_bucket_of_deleted_comments(stores: list[CassandraStore]) -> None:
    video, [store, *_] = next(names), stores
    kept = [first_id_at_ms(START_MS), first_id_at_ms(START_MS + YEAR_MS)]
    deleted = [kept[1] - 1 - n for n in range(60)]
    await asyncio.gather(*(store.comments.add(a_comment(number, video)) for number in [*kept, *deleted]))
    for number in deleted:
        assert await store.comments.delete(video, number, kept[1] + 60 + number % 1000)
    assert ids(await store.comments.before(video, None, 2)) == kept[::-1]
    assert ids(await store.comments.after(video, 0, 2)) == kept


async def test_what_a_request_took_is_free_when_it_has_ended(stores: list[CassandraStore]) -> None:
    video, [store, *_] = next(names), stores
    await store.comments.add(a_comment(first_id_at_ms(START_MS), video))
    gc.collect()
    gc.disable()
    try:
        for number in range(1, 51):
            await store.comments.add(a_comment(first_id_at_ms(START_MS) + number, video))
            await store.comments.get(video, number)
        # A process that leaves cycles stands still while the collector looks for them.
        assert gc.collect() < 50
    finally:
        gc.enable()


async def test_a_repeated_write_takes_no_edit_back(stores: list[CassandraStore]) -> None:
    video, number = next(names), first_id_at_ms(START_MS)
    await stores[0].comments.add(a_comment(number, video))
    # The editor's clock is behind that of the writer.
    assert await stores[1].comments.edit(video, number, "better", START_MS, number - 5_000_000_000)
    await stores[2].comments.add(a_comment(number, video))
    found = await stores[2].comments.get(video, number)
    assert found is not None
    assert found.content == "better"


async def test_totals_are_exact_when_one_user_is_at_three_processes(stores: list[CassandraStore]) -> None:
    video = next(names)
    await stores[0].comments.add(a_comment(1, video))
    kinds = ["like", "love", "wow"] * 3
    await asyncio.gather(
        *(store.reactions.react(video, 1, "ada", kind) for store in stores for kind in kinds),
        *(store.reactions.unreact(video, 1, "ada", kind) for store in stores for kind in kinds),
    )
    await asyncio.gather(*(store.reactions.react(video, 1, "bob", "haha") for store in stores))
    await stores[0].reactions.react(video, 1, "ada", "sad")
    assert await stores[1].reactions.totals(video, [1]) == {1: {"sad": 1, "haha": 1}}


async def test_what_waits_goes_together_and_a_lone_write_alone(cassandra: SharedCassandra) -> None:
    batches: list[int] = []
    store = CassandraStore(cassandra.options, on_batch=lambda items, _took_s, _committed: batches.append(items))
    await store.start()
    video = next(names)
    await store.comments.add(a_comment(1, video))
    assert batches == [1]
    await asyncio.gather(*(store.comments.add(a_comment(n, video)) for n in range(2, 302)))
    assert sum(batches) == 301
    assert max(batches) == cassandra.options.max_batch
    # Long ones: Cassandra warns of requests over 5 KiB.
    batches.clear()
    long = [Comment(n, video, "u-1", "Ada", "😀" * 500) for n in range(400, 420)]
    await asyncio.gather(*map(store.comments.add, long))
    assert max(batches) <= 2
    assert ids(await store.comments.after(video, 399, 100)) == [comment.comment_id for comment in long]
    await store.aclose()


async def test_a_schema_is_made_once_by_however_many(cassandra: SharedCassandra) -> None:
    options = replace(cassandra.options, keyspace=f"made_{uuid.uuid4().hex[:8]}")
    applied = await asyncio.gather(*(asyncio.to_thread(schema.apply, options) for _ in range(3)))
    files = [name for _number, name, _text in schema.steps()]
    assert sorted(applied) == [[], [], files]
    assert await asyncio.to_thread(schema.apply, options) == []
    keyspace = ("--comment-service-cassandra-keyspace", options.keyspace)
    where = ("--comment-service-cassandra-port", str(options.port), *keyspace)
    steps = f"{options.keyspace}.schema_steps"
    cassandra.session.execute(f"INSERT INTO {steps} (name, step) VALUES ('livecomments', 9999)")
    too_new = await run("schema", "apply", *where)
    assert too_new.status == 1
    assert "schema version 9999, and this program knows up to" in too_new.error
    cassandra.session.execute(f"DELETE FROM {steps} WHERE name = 'livecomments' AND step = 9999")
    command = await run("schema", "apply", *where, "--comment-service-cassandra-replication", "dc1:2")
    assert (command.status, command.stdout) == (0, f"{options.keyspace} is up to date\n"), command.stderr
    cassandra.session.cluster.refresh_keyspace_metadata(options.keyspace)
    replication = cassandra.session.cluster.metadata.keyspaces[options.keyspace].replication_strategy
    assert replication.export_for_schema() == "{'class': 'NetworkTopologyStrategy', 'dc1': '2'}"
    cassandra.session.execute(f"DROP KEYSPACE {options.keyspace}")
