"""Who comes back with the last id that it had misses nothing, here or at another node."""

from __future__ import annotations

import asyncio

from comment_service.comment import Comment
from rms.server import RmsServer
from tests.integration.rms.conftest import Connect, StartRms, Watch
from tests.integration.rms.node import VIDEO, CommentNode, Writer, has
from tests.support.eventually import eventually

MINUTE_MS = 60_000


def ids_of(comments: list[Comment]) -> list[int]:
    return [comment.comment_id for comment in comments]


def returning(comment: Comment) -> dict[str, str]:
    return {"Last-Event-ID": str(comment.comment_id)}


async def test_at_the_same_node_nothing_is_missed_and_nothing_comes_twice(
    rms: RmsServer, comment_node: CommentNode, watch: Watch, connect: Connect
) -> None:
    writer, dispatch = Writer(), connect(rms)
    first = await watch(rms)
    seen = writer.comments(5)
    await dispatch.deliver(writer.events(seen))
    await eventually(lambda: len(first.ids) == 5)
    first.close()
    missed = writer.comments(4)
    await dispatch.deliver(writer.events(missed))
    back = await watch(rms, headers=returning(seen[-1]))
    await eventually(lambda: len(back.ids) >= 4)
    live = writer.comment()
    await dispatch.deliver([writer.event(live)])
    await eventually(lambda: live.comment_id in back.ids)
    assert back.ids == ids_of([*missed, live])


async def test_by_the_parameter_too_and_the_header_wins(
    rms: RmsServer, comment_node: CommentNode, watch: Watch
) -> None:
    said = Writer().comments(10)
    await comment_node.store_all(said)
    by_parameter = await watch(rms, query=f"?lastEventId={said[6].comment_id}")
    await eventually(lambda: len(by_parameter.ids) >= 3)
    assert by_parameter.ids == ids_of(said[7:])
    both = await watch(rms, query=f"?lastEventId={said[2].comment_id}", headers=returning(said[7]))
    await eventually(lambda: len(both.ids) >= 2)
    assert both.ids == ids_of(said[8:])


async def test_at_another_node(comment_node: CommentNode, start_rms: StartRms, watch: Watch) -> None:
    here, there = await start_rms(), await start_rms(node_id="rms-2")
    said = Writer(ago_ms=MINUTE_MS).comments(30)
    await comment_node.store_all(said[:20])
    first = await watch(here)
    await eventually(lambda: len(first.ids) == 20)
    first.close()
    await comment_node.store_all(said[20:])
    back = await watch(there, headers=returning(said[19]))
    await eventually(lambda: len(back.ids) >= 10)
    assert back.ids == ids_of(said[20:])


async def test_at_another_node_what_two_wrote_may_have_come_in_another_order(
    comment_node: CommentNode, start_rms: StartRms, watch: Watch, connect: Connect
) -> None:
    """The viewer had the later one of two writers' comments, and not yet the earlier one, when its node hung."""
    here, there = await start_rms(), await start_rms(node_id="rms-2")
    first = await watch(here)
    ada, ben = Writer(1), Writer(2)
    earlier, later, then = ada.comment(), ben.comment(), ben.comment()
    await comment_node.store_all([earlier, later, then])
    await connect(here).deliver([ben.event(later)])
    await first.until_last(later.comment_id)
    back = await watch(there, headers=returning(later))
    await back.until_last(then.comment_id)
    assert earlier.comment_id in back.ids

    last = ben.comment()
    await connect(there).deliver([ben.event(last)])
    await back.until_last(last.comment_id)
    for had in (then, last):
        again = await watch(there, headers=returning(had))
        live = ben.comment()
        await connect(there).deliver([ben.event(live)])
        await again.until_last(live.comment_id)
        assert not set(again.ids) & set(ids_of([earlier, later, had])), "nothing twice at the same node"


async def test_an_id_that_this_node_does_not_have_is_served_with_slack(
    rms: RmsServer, comment_node: CommentNode, watch: Watch
) -> None:
    """Another node had it in another order, or it was deleted since."""
    old, recent = Writer(1, ago_ms=MINUTE_MS), Writer(2, ago_ms=1000)
    elsewhere = Writer(3)
    said = [*old.comments(3), *recent.comments(3)]
    await comment_node.store_all(said)
    back = await watch(rms, headers=returning(elsewhere.comment()))
    await eventually(lambda: len(back.ids) >= 3)
    assert back.ids == ids_of(said[3:])
    assert not [event for event in back.events if event.event == "resync"]


async def test_more_missed_than_can_be_replayed(rms: RmsServer, comment_node: CommentNode, watch: Watch) -> None:
    said = Writer(ago_ms=10 * MINUTE_MS).comments(3) + Writer(ago_ms=MINUTE_MS).comments(1500)
    await comment_node.store_all(said)
    back = await watch(rms, headers=returning(said[1]))
    await eventually(lambda: len(back.ids) >= 1000)
    assert back.ids == ids_of(said[-1000:])
    assert back.events[0].event == "resync"
    resync = back.events[0].json()
    assert resync["reason"] == "too_far_back"
    assert int(resync["after"]) <= said[1].comment_id, "with slack"


async def test_what_a_viewer_had_does_not_count_as_missed(
    comment_node: CommentNode, start_rms: StartRms, watch: Watch
) -> None:
    """The slack of a busy video is longer than what was missed, and than a page of history."""
    said = Writer(ago_ms=MINUTE_MS).comments(2500)
    await comment_node.store_all(said)
    rms = await start_rms(open_timeout_s=30, history_timeout_s=10)  # four pages, on a machine that may be busy
    viewers = [await watch(rms, headers=returning(said[-missed - 1])) for missed in (600, 1000, 1001)]
    for viewer, missed in zip(viewers, (600, 1000, 1001), strict=True):
        await viewer.until_last(said[-1].comment_id)
        assert viewer.ids[-min(missed, 1000) :] == ids_of(said[-min(missed, 1000) :])
        assert viewer.ids == sorted(set(viewer.ids))
        assert ("resync" in {event.event for event in viewer.events}) == (missed > 1000)


async def test_what_the_ring_let_go_of_comes_from_the_store(
    comment_node: CommentNode, start_rms: StartRms, watch: Watch, connect: Connect
) -> None:
    rms = await start_rms(ring_frames=100)
    writer, dispatch = Writer(ago_ms=MINUTE_MS), connect(rms)
    await watch(rms)
    said: list[Comment] = []
    for _ in range(6):
        said += writer.comments(50)
        await comment_node.store_all(said[-50:])
        await dispatch.deliver(writer.events(said[-50:]))
        writer.ago_ms -= 5_000
    reads = comment_node.reads
    viewers = await asyncio.gather(*(watch(rms, headers=returning(said[49])) for _ in range(5)))
    await eventually(lambda: all(len(viewer.ids) >= 250 for viewer in viewers))
    live = writer.comment()
    await dispatch.deliver([writer.event(live)])
    # With slack: the viewer's own last comment and those of its two seconds may come again.
    wanted = set(ids_of([*said[50:], live]))
    for viewer in viewers:
        await eventually(has(viewer, comment=live))
        assert viewer.ids == sorted(set(viewer.ids))
        assert wanted <= set(viewer.ids) <= wanted | set(ids_of(said[:50]))
        assert "resync" not in {event.event for event in viewer.events}
    assert 0 < comment_node.reads - reads < 5


async def test_a_comment_that_came_late_hides_nothing_that_the_ring_let_go_of(
    comment_node: CommentNode, start_rms: StartRms, watch: Watch, connect: Connect
) -> None:
    """The ring's smallest id says nothing of those that left it."""
    rms = await start_rms(ring_frames=100)
    elsewhere, late, writer = Writer(3, ago_ms=2 * MINUTE_MS), Writer(2, ago_ms=MINUTE_MS), Writer(1)
    before, dispatch, steady = elsewhere.comment(), connect(rms), await watch(rms)
    first, between, then = writer.comments(150), late.comment(), writer.comments(50)
    for batch, by in ((first[:75], writer), (first[75:], writer), ([between], late), (then, writer)):
        await comment_node.store_all(batch)
        await dispatch.deliver(by.events(batch))
        await steady.until_last(batch[-1].comment_id)
    for last, missed in ((before, [between, *first, *then]), (first[4], [*first[5:], *then])):
        back = await watch(rms, headers=returning(last))
        await back.until_last(then[-1].comment_id)
        assert set(ids_of(missed)) <= set(back.ids)
        assert len(set(back.ids)) == len(back.ids)
        assert "resync" not in {event.event for event in back.events}


async def test_a_comment_in_flight_while_the_store_is_read_comes_once(
    comment_node: CommentNode, start_rms: StartRms, watch: Watch, connect: Connect
) -> None:
    """The store has it already when the viewer's page is read, and the dispatcher brings it afterwards."""
    rms = await start_rms(ring_frames=100)
    writer, dispatch = Writer(ago_ms=MINUTE_MS), connect(rms)
    steady = await watch(rms)
    said = writer.comments(200)
    await comment_node.store_all(said)
    for at in range(0, 200, 50):
        await dispatch.deliver(writer.events(said[at : at + 50]))
    await eventually(lambda: len(steady.ids) == 200)
    writer.ago_ms = 0
    in_flight = writer.comment()
    await comment_node.store_all([in_flight])
    back = await watch(rms, headers=returning(said[10]))
    await eventually(lambda: in_flight.comment_id in back.ids)
    last = writer.comment()
    await dispatch.deliver([*writer.events([in_flight]), writer.event(last)])
    for viewer in (back, steady):
        await eventually(has(viewer, comment=last))
        assert viewer.ids.count(in_flight.comment_id) == 1
        assert len(viewer.ids) == len(set(viewer.ids))


async def test_without_the_store_live_goes_on(
    comment_node: CommentNode, start_rms: StartRms, watch: Watch, connect: Connect
) -> None:
    writer = Writer()
    said = writer.comments(5)
    await comment_node.store_all(said)
    writer.events(said)
    rms = await start_rms(open_timeout_s=0.3)
    await comment_node.stop_answering()
    joiner = await watch(rms)
    back = await watch(rms, headers=returning(said[1]))
    await eventually(lambda: back.events)
    resync = back.events[0].json()
    assert resync["reason"] == "history_unavailable"
    assert int(resync["after"]) <= said[1].comment_id, "with slack"
    live = Writer(2).comment()
    await connect(rms).deliver([Writer(3).event(live)])
    await eventually(lambda: live.comment_id in joiner.ids and live.comment_id in back.ids)

    await comment_node.answer_again()
    await eventually(lambda: set(ids_of(said)) <= set(joiner.ids))
    assert sorted(joiner.ids) == sorted(ids_of([*said, live]))
    late = await watch(rms)
    await eventually(lambda: len(late.ids) >= 6)
    assert sorted(late.ids) == sorted(ids_of([*said, live]))


async def test_videos_nobody_commented_on(rms: RmsServer, comment_node: CommentNode, watch: Watch) -> None:
    viewer = await watch(rms, "quiet", query="?lastEventId=0")
    assert viewer.status == 200
    assert viewer.events == []
    assert VIDEO not in viewer.headers
