"""Totals of reactions from several comment services, by several dispatchers, to viewers who are there or come."""

from __future__ import annotations

import json
import time

from livecomments.v1 import event_pb2
from rms.server import RmsServer
from tests.integration.rms.conftest import Connect, Watch
from tests.integration.rms.node import VIDEO, CommentNode, Writer
from tests.support.eventually import eventually
from tests.support.reactions import frames, known

REACTIONS = event_pb2.Event.KIND_REACTIONS


def totals(video: dict[str, int], **comments: dict[str, int]) -> bytes:
    """The data of an event; ``c5={"like": 1}`` for comment 5."""
    by_id = {name[1:]: of_comment for name, of_comment in comments.items()}
    return json.dumps({"video": video, "comments": by_id}).encode()


async def test_totals_that_cross_on_their_way_end_the_same_everywhere(
    rms: RmsServer, comment_node: CommentNode, watch: Watch, connect: Connect
) -> None:
    here, there = Writer(1), Writer(2)
    early = await watch(rms)
    first, second = connect(rms), connect(rms)
    said = here.comment()
    name = f"c{said.comment_id}"
    await first.deliver([here.event(said)])
    old = here.other_event(REACTIONS, totals({"like": 5}, **{name: {"like": 1}}))
    new = there.other_event(REACTIONS, totals({"like": 4, "wow": 1}, **{name: {"love": 2}}))
    await second.deliver([new])
    await first.deliver([old])
    expected = {"video": {"like": 5, "wow": 1}, str(said.comment_id): {"love": 2}}
    await eventually(lambda: known(early) == expected)

    late = await watch(rms)
    await eventually(lambda: known(late) == expected)
    assert [event.event for event in late.events if event.event != "viewers"] == ["reactions", "comment"]

    await second.deliver([there.other_event(REACTIONS, totals({}, **{name: {}}))])
    expected[str(said.comment_id)] = {}
    await eventually(lambda: known(early) == known(late) == expected)


async def test_who_comes_to_a_channel_that_read_its_history_gets_the_totals_of_both(
    rms: RmsServer, comment_node: CommentNode, watch: Watch, connect: Connect
) -> None:
    writer = Writer()
    comments = writer.comments(3)
    await comment_node.store_all(comments)
    for comment in comments:
        await comment_node.store.reactions.react(comment.live_video_id, comment.comment_id, "ada", "sad")
    await comment_node.store.reactions.count_for_video(VIDEO, {"love": 7})
    early = await watch(rms)
    await early.until_count(3)
    assert [event.json()["reactions"] for event in early.comments] == [{"sad": 1}] * 3
    assert [event.json()["video"] for event in frames(early)] == [{"love": 7}]

    dispatch = connect(rms)
    await dispatch.deliver([writer.other_event(REACTIONS, totals({}, **{f"c{comments[1].comment_id}": {"sad": 2}}))])
    await eventually(lambda: early.events[-1].event == "reactions")
    late = await watch(rms)
    await late.until_count(3)
    assert [event.json()["reactions"] for event in late.comments] == [{"sad": 1}, {"sad": 2}, {"sad": 1}]
    assert [event.json() for event in frames(late)] == [{"video": {"love": 7}, "comments": {}}]

    await dispatch.deliver([writer.other_event(REACTIONS, totals({"love": 8}))])
    await eventually(lambda: known(early)["video"] == known(late)["video"] == {"love": 8})


async def test_a_storm_reaches_a_viewer_at_most_twice_a_second(
    rms: RmsServer, comment_node: CommentNode, watch: Watch, connect: Connect
) -> None:
    viewer = await watch(rms)
    writers = [Writer(number) for number in range(1, 4)]
    dispatch = connect(rms)
    began = time.monotonic()
    for likes in range(1, 2_001):
        await dispatch.deliver([writers[likes % 3].other_event(REACTIONS, totals({"like": likes}, c1={"like": likes}))])
    await eventually(lambda: known(viewer)["video"] == {"like": 2_000})
    # By the node's clock they are half a second apart or more, and all of them lie between these two moments.
    assert len(frames(viewer)) <= 2 * (time.monotonic() - began) + 1


async def test_totals_that_cannot_be_read_are_dropped_and_hold_nothing_up(
    rms: RmsServer, comment_node: CommentNode, watch: Watch, connect: Connect
) -> None:
    viewer = await watch(rms)
    writer, dispatch = Writer(), connect(rms)
    for data in (b"", b"[]", b'{"video":7,"comments":{}}', b'{"video":{},"comments":{"x":{}}}'):
        await dispatch.deliver([writer.other_event(REACTIONS, data)])
    await dispatch.deliver([writer.event(writer.comment())])
    await viewer.until_count(1)
    assert not frames(viewer)
