"""Edits, deletions and the end reach open streams, and those who were away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from ops.client import HttpClient
from tests.support.cluster import Cluster
from tests.support.desk import Desk
from tests.support.eventually import eventually
from tests.support.posting import Author
from tests.support.viewers import Audience, Viewer

GZIP = {"Accept-Encoding": "gzip"}


def changes(viewer: Viewer) -> list[tuple[str, Any]]:
    return [
        (event.event, event.json()) for event in viewer.events if event.event in {"edit", "delete", "end", "resync"}
    ]


def has_changes(viewer: Viewer, count: int) -> Callable[[], bool]:
    return lambda: len(changes(viewer)) >= count


async def test_edits_and_deletions_reach_everyone_who_watches_and_no_later_joiner(cluster: Cluster) -> None:
    video = "changed"
    async with Author(cluster) as author, HttpClient(cluster.url) as http:
        ada = Desk(http, await cluster.token("ada"))
        moderator = Desk(http, await cluster.token("mo", role="moderator"))
        ids = await author.post_all(video, [f"comment {n}" for n in range(10)])
        # Over 100 viewers of one video spill to a second node.
        viewers = [Viewer(cluster.url, video, headers=GZIP if n % 2 else {}) for n in range(150)]
        async with Audience(viewers):
            for viewer in viewers:
                await viewer.until_count(10)
            status, edited = await ada("PATCH", f"/comments/{video}/{ids[0]}", {"content": "better"})
            assert (status, edited["content"]) == (200, "better")
            assert (await ada("DELETE", f"/comments/{video}/{ids[1]}"))[0] == 204
            assert (await moderator("DELETE", f"/comments/{video}/{ids[2]}"))[0] == 204
            told = [("edit", edited), *(("delete", {"commentId": str(ids[n])}) for n in (1, 2))]
            for viewer in viewers:
                await eventually(has_changes(viewer, 3))
                assert changes(viewer) == told
        late = await Viewer(cluster.url, video).open()
        await late.until_count(8)
        assert late.ids == [ids[0], *ids[3:]]
        assert late.comments[0].json() == edited
        late.close()


async def test_who_is_away_meanwhile_is_told_on_its_return_to_this_node_and_to_another(cluster: Cluster) -> None:
    async with Author(cluster) as author, HttpClient(cluster.url) as http:
        ada = Desk(http, await cluster.token("ada"))
        for video, others in (("changed-while-away", 0), ("changed-while-away-and-moved", 100)):
            ids = await author.post_all(video, [f"comment {n}" for n in range(5)])
            viewer = await Viewer(cluster.url, video).open()
            await viewer.until_count(5)
            viewer.close()
            assert (await ada("DELETE", f"/comments/{video}/{ids[1]}"))[0] == 204
            _, edited = await ada("PATCH", f"/comments/{video}/{ids[2]}", {"content": "better"})
            async with Audience([Viewer(cluster.url, video) for _ in range(others)]):
                back = await Viewer(cluster.url, video, headers={"Last-Event-ID": str(ids[-1])}).open()
                await eventually(has_changes(back, 2))
                assert changes(back)[:2] == [("delete", {"commentId": str(ids[1])}), ("edit", edited)]
                assert ids[1] not in back.ids
                back.close()


async def test_at_the_end_the_streams_close_and_nobody_posts_any_more(cluster: Cluster) -> None:
    video = "ended"
    async with Author(cluster) as author, HttpClient(cluster.url) as http:
        moderator = Desk(http, await cluster.token("mo", role="moderator"))
        ada = Desk(http, await cluster.token("ada"))
        ids = await author.post_all(video, [f"comment {n}" for n in range(5)])
        viewers = [Viewer(cluster.url, video, headers=GZIP if n % 2 else {}) for n in range(20)]
        async with Audience(viewers):
            for viewer in viewers:
                await viewer.until_count(5)
            assert (await ada("POST", f"/videos/{video}/end", {}))[0] == 403
            assert (await moderator("POST", f"/videos/{video}/end", {}))[0] == 202
            await asyncio.gather(*[viewer.until_closed() for viewer in viewers])
            for viewer in viewers:
                assert changes(viewer) == [("end", {})]
                assert viewer.ids == ids

        async def refused() -> bool:
            return (await ada("POST", f"/comments/{video}", {"content": "late"}))[0] == 409

        await eventually(refused)

        async def withdrawn() -> bool:
            return not (await cluster.describe_routes("dispatcher-1", video)).routes

        await eventually(withdrawn)
        late = await Viewer(cluster.url, video).open()
        await late.until_closed()
        assert late.ids[:5] == ids
        assert changes(late) == [("end", {})]
        assert (await author.stored(video))[:5] == ids


async def test_of_a_post_that_comes_twice_one_comment_is_made(cluster: Cluster) -> None:
    video = "posted-twice"
    async with HttpClient(cluster.url) as http:
        viewer = await Viewer(cluster.url, video).open()
        headers = {
            "Authorization": f"Bearer {await cluster.token('ada')}",
            "Content-Type": "application/json",
            "Idempotency-Key": "k-1",
        }
        body = b'{"content": "once"}'
        answers = await asyncio.gather(
            *[http.request("POST", f"/comments/{video}", headers=headers, body=body) for _ in range(10)]
        )
        assert {answer.status for answer in answers} == {201}
        assert len({answer.body for answer in answers}) == 1
        del headers["Idempotency-Key"]
        last = await http.request("POST", f"/comments/{video}", headers=headers, body=body)
        await viewer.until_last(int(json.loads(last.body)["commentId"]))
        assert len(viewer.ids) == 2
        viewer.close()
