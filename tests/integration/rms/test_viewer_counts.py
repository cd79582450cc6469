"""What an RMS tells dispatchers of its viewers, and what its viewers are told of all."""

from __future__ import annotations

from rms.server import RmsServer
from tests.integration.rms.conftest import Connect, StartRms, Watch
from tests.integration.rms.node import VIDEO, CommentNode, Writer
from tests.support.eventually import eventually
from tests.support.viewers import Viewer


def counts(viewer: Viewer) -> list[int]:
    return [event.json()["count"] for event in viewer.events if event.event == "viewers"]


async def test_every_dispatcher_is_told_of_coming_and_going_and_a_new_one_of_all(
    comment_node: CommentNode, start_rms: StartRms, watch: Watch, connect: Connect
) -> None:
    rms = await start_rms(viewers_report_every_s=0.05, linger_s=0)
    early = connect(rms)
    viewer = await watch(rms)
    await early.reported(VIDEO, 1)
    other = await watch(rms, "match-43")
    another = await watch(rms)
    late = connect(rms)
    for dispatcher in (early, late):
        await dispatcher.reported(VIDEO, 2)
        await dispatcher.reported("match-43", 1)
    another.close()
    other.close()
    for dispatcher in (early, late):
        await dispatcher.reported(VIDEO, 1)
        await dispatcher.reported("match-43", 0)
    viewer.close()
    for dispatcher in (early, late):
        await dispatcher.reported(VIDEO, 0)


async def test_what_has_not_changed_is_not_reported(
    comment_node: CommentNode, start_rms: StartRms, watch: Watch, connect: Connect
) -> None:
    rms = await start_rms(viewers_report_every_s=0.05)
    await watch(rms, "quiet")
    dispatcher = connect(rms)
    await dispatcher.reported("quiet", 1)
    for count in range(1, 4):
        await watch(rms)
        await dispatcher.reported(VIDEO, count)
    assert dispatcher.reports.count(("quiet", 1)) == 1


async def test_reports_come_between_acknowledgements(
    rms: RmsServer, comment_node: CommentNode, watch: Watch, connect: Connect
) -> None:
    dispatcher, writer = connect(rms), Writer()
    await dispatcher.deliver()
    await watch(rms)
    await dispatcher.reported(VIDEO, 1)
    ack = await dispatcher.deliver([writer.event(writer.comment())])
    assert ack.sequence == 2


async def test_viewers_are_told_of_all_with_the_next_comment(
    rms: RmsServer, comment_node: CommentNode, watch: Watch, connect: Connect
) -> None:
    dispatcher, writer = connect(rms), Writer()
    viewer = await watch(rms)
    await dispatcher.deliver(viewers={VIDEO: 40, "not-served-here": 7})
    await dispatcher.deliver(viewers={VIDEO: 41})
    ack = await dispatcher.deliver([writer.event(writer.comment())])
    await eventually(lambda: len(viewer.events) == 2)
    assert [event.event for event in viewer.events] == ["comment", "viewers"]
    assert counts(viewer) == [41]
    assert not ack.misrouted_videos


async def test_a_count_goes_alone_where_nothing_is_said(
    comment_node: CommentNode, start_rms: StartRms, watch: Watch, connect: Connect
) -> None:
    rms = await start_rms(rider_wait_s=0.05)
    viewer = await watch(rms)
    await connect(rms).deliver(viewers={VIDEO: 3})
    await eventually(lambda: counts(viewer) == [3])


async def test_who_joins_knows_at_once_how_many_watch(
    comment_node: CommentNode, start_rms: StartRms, watch: Watch, connect: Connect
) -> None:
    rms = await start_rms(rider_wait_s=0.05)
    viewer = await watch(rms)
    dispatcher, writer = connect(rms), Writer()
    await dispatcher.deliver([writer.event(writer.comment())], viewers={VIDEO: 3})
    await eventually(lambda: counts(viewer) == [3])
    late = await watch(rms)
    await eventually(lambda: len(late.events) == 2)
    assert [event.event for event in late.events] == ["viewers", "comment"]
    assert counts(late) == [3]
