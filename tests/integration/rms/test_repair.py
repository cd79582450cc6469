"""What a dispatcher lost is noticed and mended before the viewers see what came after it."""

from __future__ import annotations

from livecomments.v1 import event_pb2
from rms.server import RmsServer
from tests.integration.rms.conftest import Connect, StartRms, Watch
from tests.integration.rms.node import CommentNode, Writer
from tests.support.eventually import eventually


async def test_a_lost_comment_comes_in_its_place(
    rms: RmsServer, comment_node: CommentNode, watch: Watch, connect: Connect
) -> None:
    writer, dispatch = Writer(), connect(rms)
    viewer = await watch(rms)
    said = writer.comments(10)
    events = writer.events(said)
    await comment_node.store_all(said)
    await dispatch.deliver(events[:3])
    await dispatch.deliver(events[6:])
    await eventually(lambda: len(viewer.ids) >= 10)
    assert viewer.ids == [comment.comment_id for comment in said]


async def test_a_lost_last_comment_is_told_by_the_head(
    rms: RmsServer, comment_node: CommentNode, watch: Watch, connect: Connect
) -> None:
    writer, dispatch = Writer(), connect(rms)
    viewer = await watch(rms)
    said = writer.comments(3)
    events = writer.events(said)
    await comment_node.store_all(said)
    await dispatch.deliver(events[:2])
    await dispatch.deliver(heads=[writer.head()])
    await eventually(lambda: len(viewer.ids) >= 3)
    assert viewer.ids == [comment.comment_id for comment in said]


async def test_what_no_store_has_is_looked_for_once(
    rms: RmsServer, comment_node: CommentNode, watch: Watch, connect: Connect
) -> None:
    """A lost deletion names an id that history does not know."""
    writer, dispatch = Writer(), connect(rms)
    viewer = await watch(rms)
    first = writer.comment()
    await dispatch.deliver([writer.event(first)])
    writer.other_event(event_pb2.Event.KIND_DELETE, b'{"commentId":"1"}')  # lost
    reads = comment_node.reads
    for _ in range(2):
        await dispatch.deliver(heads=[writer.head()])
    await eventually(lambda: comment_node.reads > reads)
    after = writer.comments(3)
    for comment in after:
        await dispatch.deliver([writer.event(comment)])
    await eventually(lambda: len(viewer.ids) == 4)
    await dispatch.deliver(heads=[writer.head()])
    assert viewer.ids == [comment.comment_id for comment in [first, *after]]
    assert comment_node.reads == reads + 1


async def test_several_origins_do_not_disturb_each_other(
    rms: RmsServer, comment_node: CommentNode, watch: Watch, connect: Connect
) -> None:
    writers, dispatch = [Writer(n) for n in range(1, 5)], connect(rms)
    viewer = await watch(rms)
    reads = comment_node.reads
    said = [writer.comment() for _ in range(20) for writer in writers]
    events = [writers[n % 4].event(comment) for n, comment in enumerate(said)]
    await dispatch.deliver(events)
    await dispatch.deliver(heads=[writer.head() for writer in writers])
    await eventually(lambda: len(viewer.ids) == 80)
    assert comment_node.reads == reads


async def test_live_goes_on_while_the_store_is_down_and_is_mended_later(
    comment_node: CommentNode, start_rms: StartRms, watch: Watch, connect: Connect
) -> None:
    rms = await start_rms(hold_s=0.2)
    writer, dispatch = Writer(), connect(rms)
    viewer = await watch(rms)
    said = writer.comments(4)
    events = writer.events(said)
    await comment_node.store_all(said)
    await comment_node.stop_answering()
    await dispatch.deliver([events[0], events[2]])
    await eventually(lambda: said[2].comment_id in viewer.ids)
    await dispatch.deliver([events[3]])
    await eventually(lambda: said[3].comment_id in viewer.ids)
    assert said[1].comment_id not in viewer.ids
    await comment_node.answer_again()
    await eventually(lambda: said[1].comment_id in viewer.ids)
    assert len(viewer.ids) == 4


async def test_a_repair_that_cannot_succeed_ends_with_a_resync(
    comment_node: CommentNode, start_rms: StartRms, watch: Watch, connect: Connect
) -> None:
    rms = await start_rms(hold_s=0.1, repair_attempts=2)
    writer, dispatch = Writer(), connect(rms)
    viewer = await watch(rms)
    events = writer.events(writer.comments(3))
    await comment_node.stop_answering()
    await dispatch.deliver([events[0], events[2]])
    await eventually(lambda: "resync" in {event.event for event in viewer.events})
    resync = next(event for event in viewer.events if event.event == "resync")
    assert resync.json() == {"after": str(events[0].event_id), "reason": "history_unavailable"}
    assert viewer.ids == [events[0].event_id, events[2].event_id]


async def test_a_comment_service_that_fails_is_followed_by_another(
    comment_node: CommentNode, start_rms: StartRms, watch: Watch, connect: Connect
) -> None:
    """Both are registered; one does not answer any more."""
    other = CommentNode(comment_node.store, comment_node._session, "comment-service-2")
    await other.start()
    rms = await start_rms()
    await comment_node.stop_answering()
    said = Writer().comments(3)
    await comment_node.store_all(said)
    for video in ("a", "b", "match-42"):
        viewer = await watch(rms, video)
        assert viewer.status == 200
    await eventually(lambda: len(viewer.ids) == 3)
    await other.aclose()
