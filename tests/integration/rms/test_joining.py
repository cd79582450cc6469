"""Who joins gets what was said before, then everything after it, each comment once."""

from __future__ import annotations

import asyncio

from coordination.routes import RouteWatcher
from coordination.session import ZooKeeperSession
from rms.server import RmsServer
from tests.integration.rms.conftest import Connect, StartRms, Watch
from tests.integration.rms.node import VIDEO, CommentNode, Writer, has
from tests.support.eventually import eventually


async def test_the_backlog_then_live(rms: RmsServer, comment_node: CommentNode, watch: Watch, connect: Connect) -> None:
    writer = Writer()
    said = writer.comments(150)
    await comment_node.store_all(said)
    viewer = await watch(rms)
    ids = [comment.comment_id for comment in said]
    await eventually(lambda: len(viewer.ids) >= 100)
    assert viewer.ids == ids[-100:]

    live = writer.comments(3)
    writer.events(said)
    await connect(rms).deliver(writer.events(live))
    await eventually(lambda: len(viewer.ids) >= 103)
    assert viewer.ids == ids[-100:] + [comment.comment_id for comment in live]
    assert viewer.comments[0].data == said[50].to_json()
    assert viewer.comments[-1].data == live[-1].to_json()


async def test_the_response_is_an_event_stream(rms: RmsServer, watch: Watch) -> None:
    viewer = await watch(rms)
    assert viewer.status == 200
    assert viewer.headers["content-type"] == "text/event-stream"
    assert "no-store" in viewer.headers["cache-control"]
    assert viewer.headers["access-control-allow-origin"] == "*"
    assert viewer.retry_ms is not None
    assert 50 <= viewer.retry_ms <= 150


async def test_backlog_is_as_asked(rms: RmsServer, comment_node: CommentNode, watch: Watch) -> None:
    said = Writer().comments(1200)
    await comment_node.store_all(said)
    ids = [comment.comment_id for comment in said]
    for backlog in (1000, 7, 0):
        viewer = await watch(rms, query=f"?backlog={backlog}&clientId=x&_=123")
        await eventually(has(viewer, count=backlog))
        assert viewer.ids == ids[len(ids) - backlog :]


async def test_a_rush_of_first_viewers_reads_the_store_once(
    rms: RmsServer, comment_node: CommentNode, watch: Watch
) -> None:
    said = Writer().comments(20)
    await comment_node.store_all(said)
    viewers = await asyncio.gather(*(watch(rms) for _ in range(50)))
    await eventually(lambda: all(len(viewer.ids) == 20 for viewer in viewers))
    assert comment_node.reads == 1


async def test_what_comes_live_while_the_channel_opens_comes_once(
    rms: RmsServer, comment_node: CommentNode, watch: Watch, connect: Connect
) -> None:
    writer = Writer()
    said = writer.comments(30)
    await comment_node.store_all(said)
    dispatch = connect(rms)
    opening = asyncio.create_task(watch(rms))
    events = writer.events(said)
    # What is refused as misrouted is in the backfill; what is taken may be there too.
    for event in events:
        await dispatch.deliver([event])
    viewer = await opening
    await eventually(lambda: len(viewer.ids) >= 30)
    last = writer.comment("last")
    await dispatch.deliver([writer.event(last)])
    await eventually(lambda: viewer.ids[-1] == last.comment_id)
    assert viewer.ids == [comment.comment_id for comment in [*said, last]]


async def test_videos_are_apart_and_what_is_not_served_is_said(
    rms: RmsServer, comment_node: CommentNode, watch: Watch, connect: Connect
) -> None:
    writer = Writer()
    here, there = await watch(rms, "here"), await watch(rms, "there")
    for_here, for_there, for_none = (writer.comment("x", video) for video in ("here", "there", "nobody"))
    ack = await connect(rms).deliver(writer.events([for_here, for_there, for_none]))
    assert list(ack.misrouted_videos) == ["nobody"]
    assert ack.sequence == 1
    await eventually(lambda: here.ids and there.ids)
    assert (here.ids, there.ids) == ([for_here.comment_id], [for_there.comment_id])


async def test_a_repeat_is_dropped(rms: RmsServer, comment_node: CommentNode, watch: Watch, connect: Connect) -> None:
    writer = Writer()
    viewer = await watch(rms)
    dispatch, other = connect(rms), connect(rms)
    events = writer.events(writer.comments(5))
    await dispatch.deliver(events)
    await other.deliver(events)
    last = writer.comment()
    await other.deliver([writer.event(last)])
    await eventually(lambda: last.comment_id in viewer.ids)
    assert viewer.ids == [event.event_id for event in events] + [last.comment_id]


async def test_the_route_comes_with_the_first_viewer_and_goes_after_the_last(
    comment_node: CommentNode, start_rms: StartRms, watch: Watch, session: ZooKeeperSession
) -> None:
    rms = await start_rms(linger_s=0.3)
    routes = RouteWatcher(session)
    await routes.start()
    viewer = await watch(rms)
    await eventually(lambda: routes.table.rms_of(VIDEO) == ("rms-1",))
    viewer.close()
    await eventually(lambda: routes.table.rms_of(VIDEO) == ())
    assert len(rms.hub) == 0
    await routes.aclose()


async def test_a_reload_within_the_linger_keeps_the_channel(
    comment_node: CommentNode, start_rms: StartRms, watch: Watch, connect: Connect
) -> None:
    rms = await start_rms(linger_s=30)
    writer = Writer()
    viewer = await watch(rms)
    viewer.close()
    await eventually(lambda: rms.hub.viewers == 0)
    missed = writer.comment()  # not stored: only a channel that stayed can have it
    await connect(rms).deliver([writer.event(missed)])
    back = await watch(rms)
    await eventually(lambda: back.ids)
    assert back.ids == [missed.comment_id]
    assert comment_node.reads == 1
