"""An RMS that alone is cut off from ZooKeeper: nobody delivers to it any longer, and its viewers notice nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from coordination.routes import RouteWatcher
from coordination.session import ZooKeeperSession
from ops.local_cluster.zookeeper import ZooKeeperServer
from tests.integration.rms.conftest import Connect, StartRms, Watch
from tests.integration.rms.node import VIDEO, CommentNode, Writer
from tests.support.admin_port import metric
from tests.support.eventually import eventually
from tests.support.tcp_proxy import TcpProxy


@pytest.fixture
async def way(zookeeper: ZooKeeperServer) -> AsyncIterator[TcpProxy]:
    """The RMS's own way to ZooKeeper."""
    way = TcpProxy(zookeeper.hosts)
    await way.start()
    yield way
    way.cut()


async def test_its_viewers_are_served_from_the_store_until_it_is_back(
    way: TcpProxy,
    session: ZooKeeperSession,
    comment_node: CommentNode,
    start_rms: StartRms,
    watch: Watch,
    connect: Connect,
) -> None:
    rms = await start_rms(zookeeper=way.address, poll_every_s=0.1)
    routes = RouteWatcher(session)  # as a dispatcher has it
    await routes.start()
    writer = Writer()
    viewer = await watch(rms)
    await eventually(lambda: routes.table.rms_of(VIDEO))
    live = writer.comment("live")
    await connect(rms).deliver([writer.event(live)])
    await eventually(lambda: viewer.ids == [live.comment_id])

    way.cut()
    await eventually(lambda: not routes.table.rms_of(VIDEO) and not routes.members.nodes, what="the session is over")
    said = writer.comments(3)
    await comment_node.store_all([live, *said])
    await viewer.until_count(4)
    assert await metric(rms.admin.port, 'livecomments_zookeeper_session{state="suspended"}') == 1
    assert await metric(rms.admin.port, "livecomments_rms_unannounced_channels") == 1
    assert await metric(rms.admin.port, "livecomments_rms_routes") == 1, "it cannot know better"

    await way.start()
    await eventually(lambda: routes.table.rms_of(VIDEO) == ("rms-1",), timeout_s=20)
    writer.events(said)
    last = writer.comment("last")
    await connect(rms).deliver([writer.event(last)])
    await viewer.until_last(last.comment_id)
    assert viewer.ids == [comment.comment_id for comment in [live, *said, last]]
    assert not viewer.closed

    async def polls_no_more() -> bool:
        return await metric(rms.admin.port, "livecomments_rms_unannounced_channels") == 0

    _: bool = await eventually(polls_no_more)
    assert await metric(rms.admin.port, "livecomments_zookeeper_sessions_lost_total") == 1
    await routes.aclose()
