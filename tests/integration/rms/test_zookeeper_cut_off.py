"""An RMS that alone is cut off from ZooKeeper: no dispatcher delivers to it, and its viewers notice nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ops.local_cluster.zookeeper import ZooKeeperServer
from tests.integration.dispatcher.dispatch import Dispatch, publishing, routed
from tests.integration.rms.conftest import StartRms, Watch
from tests.integration.rms.node import VIDEO, CommentNode, Writer
from tests.support.admin_port import metric
from tests.support.eventually import eventually
from tests.support.tcp_proxy import TcpProxy

SESSIONS_LOST = "livecomments_zookeeper_sessions_lost_total"


@pytest.fixture
async def way(zookeeper: ZooKeeperServer) -> AsyncIterator[TcpProxy]:
    """The RMS's own way to ZooKeeper."""
    way = TcpProxy(zookeeper.hosts)
    await way.start()
    yield way
    way.cut()


@pytest.fixture
async def dispatch(zookeeper: ZooKeeperServer, dc: str, tmp_path: Path) -> AsyncIterator[Dispatch]:
    """Dispatchers, which reach ZooKeeper all the time."""
    dispatch = Dispatch(zookeeper, dc, tmp_path)
    yield dispatch
    await dispatch.aclose()


async def test_its_viewers_are_served_from_the_store_until_it_is_back(
    way: TcpProxy, dispatch: Dispatch, comment_node: CommentNode, start_rms: StartRms, watch: Watch
) -> None:
    rms = await start_rms(zookeeper=way.address, poll_every_s=0.1)
    dispatcher = await dispatch.dispatcher()
    writer = Writer()
    viewer = await watch(rms)
    await routed(dispatcher, VIDEO, "rms-1")
    before, *meanwhile, after = comments = writer.comments(5)
    async with publishing(dispatcher.grpc_address) as stream:
        await stream.send(writer.event(before))
        await viewer.until_last(before.comment_id)
        lost = await metric(rms.admin.port, SESSIONS_LOST)  # a session of a second, on a machine that may be busy

        way.cut()
        await routed(dispatcher, VIDEO)  # by nobody: the session is over
        await comment_node.store_all([before, *meanwhile])
        await stream.send(*writer.events(meanwhile))
        await viewer.until_count(4)
        assert await metric(rms.admin.port, 'livecomments_zookeeper_session{state="suspended"}') == 1
        assert await metric(rms.admin.port, "livecomments_rms_unannounced_channels") == 1
        assert await metric(rms.admin.port, 'livecomments_rms_mended_total{by="poll"}') == 3

        await way.start()
        await routed(dispatcher, VIDEO, "rms-1")
        await stream.send(writer.event(after))
        await viewer.until_last(after.comment_id)
    assert viewer.ids == [comment.comment_id for comment in comments]
    assert not viewer.closed

    async def polls_no_more() -> bool:
        return await metric(rms.admin.port, "livecomments_rms_unannounced_channels") == 0

    _: bool = await eventually(polls_no_more)
    assert await metric(rms.admin.port, SESSIONS_LOST) == lost + 1


async def test_what_it_missed_while_it_was_forgotten_is_found_though_nothing_tells_of_it(
    way: TcpProxy, dispatch: Dispatch, comment_node: CommentNode, start_rms: StartRms, watch: Watch
) -> None:
    """As a node does that hung: between two rounds of polling it was forgotten and came back, in a chat gone quiet."""
    rms = await start_rms(zookeeper=way.address, poll_every_s=4)
    dispatcher = await dispatch.dispatcher()
    writer = Writer()
    viewer = await watch(rms)
    await routed(dispatcher, VIDEO, "rms-1")
    way.cut()
    await routed(dispatcher, VIDEO)
    missed = writer.comments(1200)
    await comment_node.store_all(missed)
    await way.start()
    await routed(dispatcher, VIDEO, "rms-1")
    async with publishing(dispatcher.grpc_address) as stream:
        writer.event(missed[-1])
        await viewer.until_count(1200)
        live = writer.comment()
        await stream.send(writer.event(live))
        await viewer.until_last(live.comment_id)
    assert viewer.ids == [comment.comment_id for comment in [*missed, live]]
