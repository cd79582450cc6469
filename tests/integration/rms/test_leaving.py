"""A node that drains, or a connection that is old, sends the viewer elsewhere and loses nothing."""

from __future__ import annotations

import asyncio
import urllib.request

from coordination.membership import MembershipView, Role
from coordination.routes import RouteWatcher
from coordination.session import ZooKeeperSession
from rms.server import RmsServer
from tests.integration.rms.conftest import Connect, StartRms, Watch
from tests.integration.rms.node import VIDEO, CommentNode, Writer
from tests.support.eventually import eventually
from tests.support.http1 import exchange


async def readiness(rms: RmsServer) -> int:
    def get() -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{rms.admin.port}/readyz") as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    return await asyncio.to_thread(get)


async def test_draining(
    comment_node: CommentNode, start_rms: StartRms, watch: Watch, connect: Connect, session: ZooKeeperSession
) -> None:
    rms = await start_rms(grace_s=5, drain_viewers_per_s=20)
    members, routes = MembershipView(session, Role.RMS), RouteWatcher(session)
    await members.start()
    await routes.start()
    viewers = [await watch(rms) for _ in range(40)]
    await eventually(lambda: routes.table.rms_of(VIDEO) and "rms-1" in members.nodes)
    assert await readiness(rms) == 200

    draining = asyncio.create_task(rms.drain())
    await eventually(lambda: "rms-1" not in members.nodes)
    assert await readiness(rms) == 503
    refused = await exchange(
        rms.http.port, f"GET /comments/{VIDEO}/stream HTTP/1.1\r\nx-envoy-attempt-count: 1\r\n\r\n"
    )
    assert refused.status == 503
    assert b"draining" in refused.body
    # Routes stay while viewers do, and what is said reaches them.
    assert routes.table.rms_of(VIDEO) == ("rms-1",)
    writer = Writer()
    said = writer.comment()
    ack = await connect(rms).deliver([writer.event(said)])
    assert not ack.misrouted_videos
    await draining
    await eventually(lambda: all(viewer.closed for viewer in viewers))
    assert all(viewer.ids == [said.comment_id] for viewer in viewers)
    farewells = [viewer.events[-1] for viewer in viewers]
    assert {event.event for event in farewells} == {"reconnect"}
    delays = {event.json()["afterMs"] for event in farewells}
    assert len(delays) > 10
    assert max(delays) <= 3000

    await rms.aclose()
    await eventually(lambda: routes.table.rms_of(VIDEO) == ())
    await routes.aclose()
    await members.aclose()


async def test_draining_without_viewers_takes_no_time(comment_node: CommentNode, start_rms: StartRms) -> None:
    rms = await start_rms(grace_s=3600)
    await asyncio.wait_for(rms.drain(), timeout=10)


async def test_an_old_connection_is_asked_to_come_back(
    comment_node: CommentNode, start_rms: StartRms, watch: Watch
) -> None:
    rms = await start_rms(max_age_s=1, max_age_jitter=0)
    viewer = await watch(rms)
    await eventually(lambda: viewer.closed)
    assert [event.event for event in viewer.events] == ["reconnect"]
    assert rms.hub.viewers == 0


async def test_starting_and_closing_twice_does_nothing(comment_node: CommentNode, start_rms: StartRms) -> None:
    rms = await start_rms()
    await rms.start()
    await rms.aclose()
    await rms.aclose()
