"""Two data centres, each with its own dispatchers and RMS nodes."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from livecomments.v1 import event_pb2
from ops.local_cluster.ports import free_port
from ops.local_cluster.zookeeper import ZooKeeperServer
from tests.integration.dispatcher.dispatch import Dispatch, event, publishing, routed
from tests.support.eventually import eventually


@pytest.fixture
async def elsewhere(zookeeper: ZooKeeperServer, tmp_path: Path) -> AsyncIterator[Dispatch]:
    """The other data centre."""
    dispatch = Dispatch(zookeeper, f"dc-{uuid.uuid4().hex[:12]}", tmp_path)
    yield dispatch
    await dispatch.aclose()


async def test_an_event_makes_one_hop_to_the_peer_and_none_back(dispatch: Dispatch, elsewhere: Dispatch) -> None:
    here, there = await dispatch.rms("rms-1", "a"), await elsewhere.rms("rms-1", "a")
    port = free_port()
    far = await elsewhere.dispatcher(peers={"here": [f"127.0.0.1:{port}"]})
    near = await dispatch.dispatcher(grpc_port=port, peers={"there": [far.grpc_address]})
    await routed(near, "a", "rms-1")
    await routed(far, "a", "rms-1")
    head = event_pb2.Head(live_video_id="a", origin="o", last_id=1)
    async with publishing(near.grpc_address) as stream, publishing(far.grpc_address) as far_stream:
        await stream.send(event("a", 1), heads=(head,))
        await eventually(lambda: there.ids == [1] and there.heads == [head])
        # Had the first come back, it would be here before the second.
        await far_stream.send(event("a", 2))
        await eventually(lambda: here.ids[-1:] == [2] and there.ids[-1:] == [2])
    assert (here.ids, there.ids) == ([1, 2], [1, 2])


async def test_the_relay_goes_on_at_another_dispatcher_of_the_peer(dispatch: Dispatch, elsewhere: Dispatch) -> None:
    there = await elsewhere.rms("rms-1", "a")
    ports = [free_port(), free_port()]
    first = await elsewhere.dispatcher_process("dispatcher-1", LIVECOMMENTS_DISPATCHER_GRPC_PORT=str(ports[0]))
    second = await elsewhere.dispatcher("dispatcher-2", grpc_port=ports[1])
    await routed(second, "a", "rms-1")
    near = await dispatch.dispatcher(peers={"there": [f"127.0.0.1:{port}" for port in ports]})
    async with publishing(near.grpc_address) as stream:
        await stream.send(event("a", 1))
        await eventually(lambda: there.ids == [1])
        await first.kill9()
        await stream.send(event("a", 2))
        await stream.send(event("a", 3))
        await eventually(lambda: there.ids_of("a") == [1, 2, 3])


async def test_a_peer_that_cannot_be_reached_delays_nobody_here(dispatch: Dispatch) -> None:
    rms = await dispatch.rms("rms-1", "a")
    near = await dispatch.dispatcher(peers={"there": [f"127.0.0.1:{free_port()}"]}, relay_events=10)
    await routed(near, "a", "rms-1")
    async with publishing(near.grpc_address) as stream:
        await stream.send(*(event("a", number) for number in range(1, 101)))
        await eventually(lambda: rms.ids == list(range(1, 101)))
