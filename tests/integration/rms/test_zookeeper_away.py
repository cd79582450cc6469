"""Without ZooKeeper, videos that are routed go on and videos that are opened are read from the store."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from comment_service.store.sqlite import SqliteStore
from coordination.routes import RouteWatcher
from coordination.session import ZooKeeperSession
from ops.local_cluster.zookeeper import ZooKeeperServer
from tests.integration.rms.conftest import Connect, StartRms, Watch
from tests.integration.rms.node import CommentNode, Writer
from tests.support.eventually import eventually


@pytest.fixture
async def own_session(own_zookeeper: ZooKeeperServer, dc: str) -> AsyncIterator[ZooKeeperSession]:
    session = ZooKeeperSession(own_zookeeper.hosts, dc=dc)
    await session.start()
    yield session
    await session.aclose()


async def test_polling_until_the_route_is_there(
    own_zookeeper: ZooKeeperServer,
    own_session: ZooKeeperSession,
    store: SqliteStore,
    start_rms: StartRms,
    watch: Watch,
    connect: Connect,
) -> None:
    node = CommentNode(store, own_session)
    await node.start()
    rms = await start_rms(zookeeper=own_zookeeper.hosts, poll_every_s=0.1)
    writer = Writer()
    routed = await watch(rms, "routed")
    routes = RouteWatcher(own_session)
    await routes.start()
    await eventually(lambda: routes.table.rms_of("routed"))

    await own_zookeeper.stop()
    opened = await watch(rms, "opened")
    live = writer.comment("live", "routed")
    await connect(rms).deliver([writer.event(live)])
    said = writer.comments(3, "opened")
    await node.store_all(said)
    await eventually(lambda: routed.ids == [live.comment_id])
    await eventually(lambda: len(opened.ids) == 3)
    more = writer.comment("more", "opened")
    await node.store_all([more])
    await eventually(lambda: len(opened.ids) == 4)
    gone = said[0]
    await node.delete(writer, gone)
    await eventually(lambda: opened.events[-1].event == "delete")

    await own_zookeeper.start()
    await eventually(lambda: routes.table.rms_of("opened") == ("rms-1",), timeout_s=20)
    assert routes.table.rms_of("routed") == ("rms-1",)
    assert not routed.closed
    assert not opened.closed
    assert [event.json() for event in opened.events if event.event == "delete"] == [{"commentId": str(gone.comment_id)}]
    writer.events([*said, more])
    last = writer.comment("last", "opened")
    await connect(rms).deliver([writer.event(last)])
    await eventually(lambda: last.comment_id in opened.ids)
    assert opened.ids == [comment.comment_id for comment in [*said, more, last]]
    await routes.aclose()
    await node.aclose()
