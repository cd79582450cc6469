"""The store cannot write, or too much waits: 503 with Retry-After, and nothing acknowledged that is not stored."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator

import grpc
import pytest

from comment_service.store.sqlite import SqliteLimits
from livecomments.v1 import comment_service_pb2 as pb
from tests.integration.comment_service.edges import TOKEN, VIDEO, Answer, Edges
from tests.support.eventually import eventually

METADATA = (("authorization", f"Bearer {TOKEN}"),)


@pytest.fixture
def locked(edges: Edges) -> Iterator[sqlite3.Connection]:
    """Another process holds the write lock until ``ROLLBACK``."""
    other = sqlite3.connect(edges.store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


def assert_try_again(answer: Answer) -> None:
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.json["status"] == 503


@pytest.mark.parametrize("store_limits", [SqliteLimits(busy_timeout_s=0.1)])
async def test_a_locked_database_is_503_and_then_works_again(edges: Edges, locked: sqlite3.Connection) -> None:
    answer = await edges.http.post(f"/comments/{VIDEO}", {"content": "hello"})
    assert_try_again(answer)
    assert "nothing was stored" in answer.json["detail"]
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await edges.grpc.PostComment(pb.PostCommentRequest(live_video_id=VIDEO, content="hi"), metadata=METADATA)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    assert (await edges.http.get(f"/comments/{VIDEO}")).json["comments"] == [], "history is still served"
    locked.execute("ROLLBACK")
    await edges.http.comment("at last")
    assert [comment.content for comment in await edges.stored()] == ["at last"]
    assert len(edges.published.events) == 1
    assert edges.metric("requests_refused_total", edge="http", reason="store_unavailable") == 1
    assert edges.metric("write_batches_failed_total") >= 2


@pytest.mark.parametrize("store_limits", [SqliteLimits(max_bytes=400 * 1024)])
async def test_a_full_disk_is_503_and_loses_nothing_that_was_acknowledged(edges: Edges) -> None:
    acknowledged = []
    for n in range(1_000):
        answer = await edges.http.post(f"/comments/{VIDEO}", {"content": f"{n} " + "x" * 400})
        if answer.status == 503:
            break
        acknowledged.append(answer.json["commentId"])
    assert_try_again(answer)
    assert acknowledged
    assert [str(comment.comment_id) for comment in await edges.stored()] == acknowledged
    assert [str(event.event_id) for event in edges.published.events] == acknowledged


@pytest.mark.parametrize("store_limits", [SqliteLimits(max_waiting_writes=3, busy_timeout_s=30)])
async def test_a_full_write_queue_is_503(edges: Edges, locked: sqlite3.Connection) -> None:
    waiting = [asyncio.create_task(edges.http.comment(f"comment {n}")) for n in range(3)]
    await eventually(lambda: edges.store.waiting_writes == 3)
    assert_try_again(await edges.http.post(f"/comments/{VIDEO}", {"content": "one too many"}))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await edges.grpc.PostComment(pb.PostCommentRequest(live_video_id=VIDEO, content="hi"), metadata=METADATA)
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    locked.execute("ROLLBACK")
    await asyncio.gather(*waiting)
    assert len(await edges.stored()) == len(edges.published.events) == 3
    assert edges.metric("requests_refused_total", edge="http", reason="store_overloaded") == 1


async def test_a_database_that_is_damaged_is_503(edges: Edges) -> None:
    await edges.http.comment("hello")
    connection = sqlite3.connect(edges.store.path)
    connection.execute("ALTER TABLE comments RENAME TO lost")
    connection.commit()
    assert_try_again(await edges.http.get(f"/comments/{VIDEO}"))
    assert_try_again(await edges.http.post(f"/comments/{VIDEO}", {"content": "hello"}))
    connection.execute("ALTER TABLE lost RENAME TO comments")
    connection.commit()
    await edges.http.comment("again")
    assert len((await edges.http.get(f"/comments/{VIDEO}")).json["comments"]) == 2
    connection.close()
