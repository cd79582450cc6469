"""A recorded chat at sixty times its speed, 300 viewers on three nodes: each gets every comment once, in order."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ops.replay.formats import read_recording
from ops.replay.recording import Recording
from tests.support.chat import recorded_chat
from tests.support.cluster import Cluster
from tests.support.posting import Author
from tests.support.viewers import Audience, Viewer

SPEED = 60.0
VIEWERS = 300


@pytest.mark.timeout(180)
async def test_every_viewer_gets_every_comment_once_and_in_order(
    cluster: Cluster, rms_link: str, tmp_path: Path
) -> None:
    recording = read_recording(recorded_chat(tmp_path))
    if rms_link != "h2":  # the whole of it takes a minute, and goes over the default link
        recording = replace(recording, comments=recording.comments[:600])
    video = "replayed"
    async with Audience([Viewer(cluster.url, video) for _ in range(VIEWERS)]) as audience, Author(cluster) as author:
        per_node = [(await node.samples()).total("livecomments_rms_viewers") for node in cluster.rms.values()]
        assert per_node == [100, 100, 100], "the limit of 100 viewers of a video on a node spreads them"
        await _play(author, video, recording)
        ids = sorted(author.sent_at)
        assert len(ids) == len(recording.comments)
        for viewer in audience.viewers:
            await viewer.until_last(ids[-1])
        for viewer in audience.viewers:
            assert viewer.ids == ids
            assert not viewer.closed
        assert await author.stored(video) == ids
        _report(author, audience)


async def _play(author: Author, video: str, recording: Recording) -> None:
    began = time.monotonic()
    async with asyncio.TaskGroup() as posts:
        for comment in recording.comments:
            await asyncio.sleep(began + comment.offset_s / SPEED - time.monotonic())
            posts.create_task(author.post(video, comment.text, user=comment.author))


def _report(author: Author, audience: Audience) -> None:
    late = sorted(event.at - author.sent_at[event.id] for viewer in audience.viewers for event in viewer.comments)
    p50, p99, worst = (late[int((len(late) - 1) * share)] * 1000 for share in (0.5, 0.99, 1.0))
    print(f"\npost to viewer: {len(late):,} deliveries, p50 {p50:.1f} ms, p99 {p99:.1f} ms, longest {worst:.1f} ms")
