"""Everybody who watches sees how people react, however many do, and so does whoever comes later."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from functools import partial
from typing import Any

from livecomments.v1 import reactions_pb2, reactions_pb2_grpc
from service_kit.grpc_client import open_channel
from tests.support.cluster import Cluster
from tests.support.eventually import eventually
from tests.support.posting import Author
from tests.support.reactions import Reactor, frames, known
from tests.support.viewers import Audience, Viewer

KINDS = ("like", "love", "haha", "wow", "sad", "angry")


async def all_know(viewers: list[Viewer], page: dict[str, Any]) -> None:
    for viewer in viewers:
        await eventually(partial(_knows, viewer, page), what=f"a viewer knows {page}, and not {known(viewer)}")


def _knows(viewer: Viewer, page: dict[str, Any]) -> bool:
    return known(viewer) == page


async def test_viewers_see_a_comments_reactions_change_and_a_joiner_sees_them_as_they_are(cluster: Cluster) -> None:
    video = "reacted"
    async with Author(cluster) as author, Reactor(cluster) as reactor:
        async with Audience([Viewer(cluster.url, video) for _ in range(2)]) as audience:
            first = await author.post(video, "What a goal")
            second = await author.post(video, "Never")
            await all_know(audience.viewers, {"video": {}, str(first): {}, str(second): {}})

            await reactor.react(video, first, "like", user="ada")
            await reactor.react(video, first, "like", user="bob")
            await reactor.react(video, second, "sad", user="ada")
            page: dict[str, Any] = {"video": {}, str(first): {"like": 2}, str(second): {"sad": 1}}
            await all_know(audience.viewers, page)

            await reactor.react(video, first, "love", user="bob")
            await reactor.unreact(video, second, "sad", user="ada")
            await reactor.react_to_video(video, "wow")
            page = {"video": {"wow": 1}, str(first): {"like": 1, "love": 1}, str(second): {}}
            await all_know(audience.viewers, page)

            async with Audience([Viewer(cluster.url, video)]) as late:
                await all_know(late.viewers, page)
                assert [event.json()["reactions"] for event in late.viewers[0].comments] == [{"like": 1, "love": 1}, {}]

                third = await author.post(video, "Again")
                await reactor.react(video, third, "haha")
                page[str(third)] = {"haha": 1}
                await all_know(audience.viewers + late.viewers, page)
        assert [comment["reactions"] async for comment in author.api.after(video, "0")] == [
            page[str(comment_id)] for comment_id in (first, second, third)
        ]


async def test_a_storm_of_reactions_costs_a_viewer_two_frames_a_second_and_none_is_lost(cluster: Cluster) -> None:
    """By HTTP as many as the machine takes, and over gRPC 200,000 that another service has counted."""
    video = "storm"
    counted: Counter[str] = Counter()
    async with (
        Author(cluster) as author,
        Reactor(cluster) as reactor,
        Audience([Viewer(cluster.url, video) for _ in range(3)]) as audience,
    ):
        comments = await author.post_all(video, ["one", "two", "three"])
        for viewer in audience.viewers:
            await viewer.until_count(3)
        began = time.monotonic()

        async def by_grpc() -> None:
            metadata = [("authorization", f"Bearer {await cluster.token('counter')}")]
            [service] = cluster.comment_services.values()
            async with open_channel(service.address("GRPC_PORT")) as channel:
                stub = reactions_pb2_grpc.ReactionServiceStub(channel)
                for number in range(400):
                    kind = KINDS[number % 6]
                    request = reactions_pb2.ReactToVideoRequest(live_video_id=video, kind=kind, count=500)
                    await stub.ReactToVideo(request, metadata=metadata, timeout=30)
                    counted[kind] += 500

        async def by_http(number: int) -> None:
            kind = KINDS[number % 6]
            await reactor.react_to_video(video, kind)
            counted[kind] += 1

        async def by_user(number: int) -> None:
            for comment_id in comments:
                await reactor.react(video, comment_id, KINDS[number % 6], user=f"u-{number}")

        async def talk() -> None:
            for number in range(20):
                await author.post(video, f"comment {number}")

        await asyncio.gather(by_grpc(), talk(), *(by_http(n) for n in range(1_000)), *(by_user(n) for n in range(30)))

        of_comment = dict.fromkeys(KINDS, 5)
        for viewer in audience.viewers:
            await eventually(partial(_has, viewer, counted, comments, of_comment), timeout_s=30, what="all totals")
            # By the node's clock they are half a second apart or more, and all lie between these two moments.
            assert len(frames(viewer)) <= 2 * (time.monotonic() - began) + 1

        async with Audience([Viewer(cluster.url, video)]) as late:
            await late.viewers[0].until_count(23)
            assert _has(late.viewers[0], counted, comments, of_comment)
    assert counted.total() == 201_000


def _has(viewer: Viewer, counted: Counter[str], comments: list[int], of_comment: dict[str, int]) -> bool:
    page = known(viewer)
    return page["video"] == counted and all(page[str(comment_id)] == of_comment for comment_id in comments)
