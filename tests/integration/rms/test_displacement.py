"""Two living RMS with one node id: the later has it, the other sends its viewers there and stands by."""

from __future__ import annotations

from coordination.membership import MembershipView, NodeRecord, Role
from coordination.session import ZooKeeperSession
from rms.server import RmsServer
from tests.integration.rms.conftest import StartRms, Watch
from tests.integration.rms.node import VIDEO, CommentNode, Writer
from tests.support.admin_port import Readiness, metric, readiness
from tests.support.eventually import eventually
from tests.support.http1 import exchange

DISPLACED = Readiness(503, ["another process has this node id"])
READY = Readiness(200, [])


async def is_ready(rms: RmsServer) -> bool:
    return await readiness(rms.admin.port) == READY


async def is_displaced(rms: RmsServer) -> bool:
    return await readiness(rms.admin.port) == DISPLACED


async def test_the_earlier_one_stands_by_until_the_later_one_is_gone(
    comment_node: CommentNode, start_rms: StartRms, watch: Watch, session: ZooKeeperSession
) -> None:
    members = MembershipView(session, Role.RMS)
    await members.start()
    earlier = await start_rms()
    viewers = [await watch(earlier) for _ in range(20)]
    assert await readiness(earlier.admin.port) == READY

    later = await start_rms()
    _: bool = await eventually(lambda: is_displaced(earlier))
    await eventually(lambda: all(viewer.closed for viewer in viewers))
    assert {event.event for viewer in viewers for event in viewer.events} == {"reconnect"}
    assert await metric(earlier.admin.port, 'livecomments_rms_closed_total{reason="displaced"}') == 20
    assert await metric(earlier.admin.port, "livecomments_membership_displaced") == 1
    refused = await exchange(
        earlier.http.port, f"GET /comments/{VIDEO}/stream HTTP/1.1\r\nx-envoy-attempt-count: 1\r\n\r\n"
    )
    assert refused.status == 503
    assert b"displaced" in refused.body
    assert members.nodes["rms-1"].boot_id == later.boot_id
    assert await readiness(later.admin.port) == READY
    assert not (await watch(later)).closed

    await later.aclose()
    _ = await eventually(lambda: is_ready(earlier))
    await eventually(lambda: "rms-1" in members.nodes and members.nodes["rms-1"].boot_id == earlier.boot_id)
    writer = Writer()
    viewer = await watch(earlier)
    said = writer.comment()
    assert earlier.hub.deliver(writer.event(said))
    await viewer.until_last(said.comment_id)
    assert await metric(earlier.admin.port, "livecomments_membership_displaced") == 0
    await members.aclose()


async def test_viewers_who_are_still_here_are_served_from_the_store(
    comment_node: CommentNode, start_rms: StartRms, watch: Watch
) -> None:
    """Dispatchers have dropped the displaced one's routes the moment that the later one was there."""
    earlier = await start_rms(poll_every_s=0.1, grace_s=3600, drain_viewers_per_s=0.001)
    viewers = [await watch(earlier) for _ in range(3)]
    await start_rms()
    _: bool = await eventually(lambda: is_displaced(earlier))
    said = Writer().comments(3)
    await comment_node.store_all(said)
    for viewer in viewers:
        await viewer.until_count(3)
        assert viewer.ids == [comment.comment_id for comment in said]
        assert not viewer.closed


async def test_one_that_finds_its_place_taken_by_a_later_one_waits_for_it(
    comment_node: CommentNode, start_rms: StartRms, session: ZooKeeperSession
) -> None:
    """As after a clock that stepped back between two lives: the ghost looks later than it is."""
    place = session.paths.member(Role.RMS, "rms-1")
    await session.create(place, NodeRecord("rms-1", "ghost", started_ms=2**50).to_bytes(), ephemeral=True)
    rms = await start_rms()
    assert await readiness(rms.admin.port) == DISPLACED
    await session.delete(place)
    _: bool = await eventually(lambda: is_ready(rms))
