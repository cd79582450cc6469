"""The live stream: its parameters, and its first bytes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.contract.asking import Asking
from tests.support.cluster import Cluster, running_cluster
from tests.support.eventually import eventually
from tests.support.viewers import Viewer


async def test_the_first_bytes_and_headers(cluster: Cluster, ask: Asking, video: str) -> None:
    viewer = await Viewer(cluster.url, video, query="?clientId=x&anything=1").open()
    assert viewer.status == 200
    assert viewer.headers["content-type"] == "text/event-stream"
    assert viewer.headers["x-content-type-options"] == "nosniff"
    assert viewer.retry_ms
    comment = await ask.comment(video)
    await viewer.until_count(1)
    assert viewer.comments[0].json() == comment, "the same JSON as by REST"
    await ask("POST", f"/videos/{video}/end", role="moderator", body=b"")
    await eventually(lambda: viewer.closed, what="the end")
    assert (viewer.events[-1].event, viewer.events[-1].data) == ("end", b"{}")
    viewer.close()


@pytest.mark.parametrize("backlog", [0, 1, 3, 1_000, None])
async def test_the_backlog_comes_first(cluster: Cluster, ask: Asking, video: str, backlog: int | None) -> None:
    ids = [int((await ask.comment(video, str(n)))["commentId"]) for n in range(4)]
    viewer = await Viewer(cluster.url, video, query="" if backlog is None else f"?backlog={backlog}").open()
    ids.append(int((await ask.comment(video, "live"))["commentId"]))
    await viewer.until_last(ids[-1])
    assert viewer.ids == ids[4 - min(4, 4 if backlog is None else backlog) :]
    viewer.close()


@pytest.mark.parametrize("way", ["header", "parameter", "both"])
async def test_after_the_last_event_id_everything_comes(cluster: Cluster, ask: Asking, video: str, way: str) -> None:
    ids = [int((await ask.comment(video, str(n)))["commentId"]) for n in range(4)]
    header = {} if way == "parameter" else {"Last-Event-ID": str(ids[1])}
    query = {"header": "?backlog=0", "parameter": f"?lastEventId={ids[1]}", "both": f"?lastEventId={ids[3]}"}[way]
    viewer = await Viewer(cluster.url, video, headers=header, query=query).open()
    await viewer.until_last(ids[-1])
    assert viewer.ids == ids[2:], "the header wins"
    viewer.close()


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("backlog=-1", "backlog"),
        ("backlog=1001", "backlog"),
        ("backlog=", "backlog"),
        ("backlog=1&backlog=2", "backlog"),
        ("lastEventId=x", "lastEventId"),
        (f"lastEventId={2**64}", "lastEventId"),
    ],
)
async def test_a_parameter_that_is_wrong_is_named(ask: Asking, video: str, query: str, named: str) -> None:
    (await ask("GET", f"/comments/{video}/stream?{query}", user=None)).assert_problem(400, named)


async def test_a_last_event_id_that_is_none_is_named(ask: Asking, video: str) -> None:
    (await ask("GET", f"/comments/{video}/stream", user=None, headers={"Last-Event-ID": "x"})).assert_problem(
        400, "Last-Event-ID"
    )


@pytest.fixture
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """It has room for one viewer."""
    with running_cluster(tmp_path_factory.mktemp("small"), rms=1, dispatchers=1, RMS_MAX_VIEWERS="1") as small:
        yield small


async def test_no_room_is_200_with_retry_30000_and_the_end(small: Cluster, video: str) -> None:
    first = await Viewer(small.url, video).open()
    assert first.retry_ms != 30_000
    async with Asking(small) as ask:
        refused = await ask("GET", f"/comments/{video}/stream", user=None)
    assert (refused.status, refused.response.body) == (200, b"retry: 30000\n\n")
    assert refused.header("content-type") == "text/event-stream"
    first.close()
