"""``livecomments watch`` lasts, through its node's death and a long absence, and shows each comment once."""

from __future__ import annotations

import asyncio
import json

from tests.support.cluster import Cluster
from tests.support.command import Running, running
from tests.support.eventually import eventually
from tests.support.posting import Author


def ids(watch: Running) -> list[int]:
    lines = [json.loads(line) for line in watch.lines if line.startswith("{")]
    return [int(line["data"]["commentId"]) for line in lines if line["event"] == "comment"]


async def serving(cluster: Cluster) -> str:
    """The RMS that has the one viewer."""
    for name, node in cluster.rms.items():
        if node.running and (await node.samples()).total("livecomments_rms_viewers"):
            return name
    return ""


async def test_it_resumes_on_another_node_when_its_own_is_killed(own_cluster: Cluster) -> None:
    cluster, video = own_cluster, "watched"
    async with running("watch", video, "--url", cluster.url, "--json") as watch, Author(cluster) as author:
        await watch.said("connected")
        sent = await author.post_all(video, ["before"] * 20)
        await eventually(lambda: ids(watch) == sent, what="the comments before")

        first = await serving(cluster)
        await cluster.rms[first].kill9()
        sent += [await author.post(video, "while it is away") for _ in range(20)]
        await eventually(lambda: ids(watch) == sent, timeout_s=30, what="what was said while it was away")
        sent += [await author.post(video, "after") for _ in range(5)]
        await eventually(lambda: ids(watch) == sent, what="live comments from the other node")
        assert await serving(cluster) != first


async def test_after_a_long_absence_it_reads_what_the_stream_left_out(own_cluster: Cluster) -> None:
    cluster, video = own_cluster, "long-absence"
    async with running("watch", video, "--url", cluster.url, "--json") as watch, Author(cluster) as author:
        await watch.said("connected")
        sent = [await author.post(video, "before")]
        await eventually(lambda: ids(watch) == sent)
        for node in cluster.rms.values():
            await node.kill9()
        await watch.said("again in")
        # More than an RMS gives, and none of it in the memory of one that has just started.
        sent += await author.post_all(video, ["meanwhile"] * 1500)
        await asyncio.gather(*(node.start() for node in cluster.rms.values()))
        await eventually(lambda: len(ids(watch)) >= len(sent), timeout_s=60, what="everything that was missed")
        assert ids(watch) == sent
        assert any("missed" in line for line in watch.lines)
