"""One dispatcher between hand-made publishers and recording RMS nodes, over real gRPC and ZooKeeper."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import grpc
import pytest
from tornado.httpclient import AsyncHTTPClient

from coordination.membership import NodeRecord
from dispatcher.server import DispatcherServer
from livecomments.v1 import dispatcher_pb2, dispatcher_pb2_grpc, event_pb2
from service_kit.grpc_client import open_channel
from tests.integration.dispatcher.dispatch import Dispatch, describe, event, publishing, routed
from tests.support.admin_port import readiness
from tests.support.eventually import eventually


async def metric(dispatcher: DispatcherServer, name: str) -> float:
    """A sample of /metrics by its full name with labels."""
    answer = await AsyncHTTPClient().fetch(f"http://{dispatcher.admin_address}/metrics")
    lines = [line.split() for line in answer.body.decode().splitlines()]
    return next((float(line[-1]) for line in lines if line[0] == name), 0.0)


async def test_an_event_goes_only_to_the_rms_nodes_that_serve_its_video(dispatch: Dispatch) -> None:
    one = await dispatch.rms("rms-1", "a", "hot")
    two = await dispatch.rms("rms-2", "b", "hot")
    dispatcher = await dispatch.dispatcher()
    await routed(dispatcher, "hot", "rms-1", "rms-2")
    async with publishing(dispatcher.grpc_address) as stream:
        assert await stream.send(event("a", 1), event("b", 2)) == 1
        assert await stream.send(event("hot", 3), event("nobody", 4)) == 2
        assert await stream.send(event("a", 5), heads=(event_pb2.Head(live_video_id="a", origin="o", last_id=5),)) == 3
        await eventually(lambda: one.ids == [1, 3, 5] and two.ids == [2, 3])
        await eventually(lambda: [head.last_id for head in one.heads] == [5])
    assert two.heads == []
    sent = "livecomments_dispatcher_events_sent_total"
    assert await metric(dispatcher, sent + '{rms="rms-1"}') == 3
    assert await metric(dispatcher, sent + '{rms="rms-2"}') == 2


async def test_an_event_arrives_as_it_was_published(dispatch: Dispatch) -> None:
    rms = await dispatch.rms("rms-1", "a")
    dispatcher = await dispatch.dispatcher()
    await routed(dispatcher, "a", "rms-1")
    published = event("a", 7, previous_id=5, data='{"content":"Törööö 🐘"}'.encode())
    async with publishing(dispatcher.grpc_address) as stream:
        await stream.send(published)
        await eventually(lambda: rms.events == [published])


async def test_a_new_route_is_given_what_was_said_a_moment_ago(dispatch: Dispatch) -> None:
    rms = await dispatch.rms("rms-1")
    dispatcher = await dispatch.dispatcher()
    async with publishing(dispatcher.grpc_address) as stream:
        head = event_pb2.Head(live_video_id="a", origin="o", last_id=2)
        await stream.send(event("a", 1), event("b", 100), event("a", 2), heads=(head,))
        await rms.serve("a")
        await eventually(lambda: rms.ids == [1, 2] and rms.heads == [head])
        await stream.send(event("a", 3))
        await eventually(lambda: rms.ids == [1, 2, 3])


async def test_a_hung_rms_delays_no_other_and_gets_all_when_it_goes_on(dispatch: Dispatch) -> None:
    hung = await dispatch.rms("rms-1", "a")
    well = await dispatch.rms("rms-2", "a")
    dispatcher = await dispatch.dispatcher(outbox_ack_timeout_s=0.3)
    await routed(dispatcher, "a", "rms-1", "rms-2")
    hung.hang()
    async with publishing(dispatcher.grpc_address) as stream:
        for number in range(1, 21):
            await stream.send(event("a", number))
        await eventually(lambda: well.ids == list(range(1, 21)))
        assert hung.ids == []
        # It answers pings and takes connections: only the missing acknowledgement shows that it hangs.
        ended = 'livecomments_dispatcher_stream_ends_total{reason="silent",rms="rms-1"}'

        async def given_up() -> bool:
            return await metric(dispatcher, ended) > 0

        _: bool = await eventually(given_up)
        hung.go_on()
        await eventually(lambda: hung.ids_of("a") == list(range(1, 21)))


async def test_over_the_bound_the_oldest_are_dropped_and_counted(dispatch: Dispatch) -> None:
    rms = await dispatch.rms("rms-1", "a")
    dispatcher = await dispatch.dispatcher(outbox_events=10)
    await routed(dispatcher, "a", "rms-1")
    await rms.stop_listening()
    async with publishing(dispatcher.grpc_address) as stream:
        await stream.send(*(event("a", number) for number in range(1, 31)))
        await eventually(lambda: rms.streams == 0)
        await rms.listen()
        await eventually(lambda: rms.ids_of("a") == list(range(21, 31)))
    outbox = (await describe(dispatcher.grpc_address)).outboxes[0]
    assert (outbox.rms_id, outbox.connected, outbox.dropped) == ("rms-1", True, 20)


async def test_an_rms_that_comes_back_elsewhere_is_found(dispatch: Dispatch) -> None:
    old = await dispatch.rms("rms-1", "a")
    dispatcher = await dispatch.dispatcher()
    await routed(dispatcher, "a", "rms-1")
    async with publishing(dispatcher.grpc_address) as stream:
        await stream.send(event("a", 1))
        await eventually(lambda: old.ids == [1])
        await old.stop_listening()
        new = await dispatch.rms("rms-1", "a")
        assert new.address != old.address
        await eventually(lambda: new.streams == 1)
        await stream.send(event("a", 2))
        await eventually(lambda: new.ids_of("a")[-1:] == [2])


async def test_an_rms_that_restarts_its_server_gets_what_it_had_not_acknowledged(dispatch: Dispatch) -> None:
    rms = await dispatch.rms("rms-1", "a")
    dispatcher = await dispatch.dispatcher()
    await routed(dispatcher, "a", "rms-1")
    rms.hang()
    async with publishing(dispatcher.grpc_address) as stream:
        for number in range(1, 6):
            await stream.send(event("a", number))
        await rms.stop_listening()
        rms.go_on()
        await stream.send(event("a", 6))
        await rms.listen()
        await eventually(lambda: rms.ids_of("a") == [1, 2, 3, 4, 5, 6])


async def test_an_event_that_the_rms_refuses_holds_up_nothing(dispatch: Dispatch) -> None:
    rms = await dispatch.rms("rms-1", "a")
    dispatcher = await dispatch.dispatcher()
    await routed(dispatcher, "a", "rms-1")
    rms.refused.add(2)
    async with publishing(dispatcher.grpc_address) as stream:
        await stream.send(event("a", 1))
        await eventually(lambda: rms.ids == [1])
        await stream.send(event("a", 2))
        await eventually(lambda: rms.streams == 0)
        await stream.send(event("a", 3))
        await eventually(lambda: rms.ids == [1, 3])
    dropped = 'livecomments_dispatcher_dropped_total{reason="rejected",rms="rms-1"}'
    assert await metric(dispatcher, dropped) == 1


async def test_an_rms_that_is_no_member_any_more_gets_what_it_had_routes_for(dispatch: Dispatch) -> None:
    """It drains, or its ZooKeeper session is gone; what already waits for it is for viewers that are still there."""
    rms = await dispatch.rms("rms-1", "a")
    dispatcher = await dispatch.dispatcher(outbox_abandon_s=0.0)
    await routed(dispatcher, "a", "rms-1")
    rms.hang()
    async with publishing(dispatcher.grpc_address) as stream:
        await stream.send(*(event("a", number) for number in range(1, 101)))
        await rms.leave()
        await routed(dispatcher, "a")
        rms.go_on()
        await eventually(lambda: rms.ids == list(range(1, 101)))


async def test_an_rms_that_is_gone_for_good_leaves_no_outbox_behind(dispatch: Dispatch) -> None:
    rms = await dispatch.rms("rms-1", "a")
    dispatcher = await dispatch.dispatcher(outbox_abandon_s=0.0)
    await routed(dispatcher, "a", "rms-1")
    await rms.aclose()

    async def forgotten() -> bool:
        return not (await describe(dispatcher.grpc_address)).outboxes

    _: bool = await eventually(forgotten)


async def test_a_route_that_the_rms_denies_is_listed_again(dispatch: Dispatch) -> None:
    rms = await dispatch.rms("rms-1", "a")
    dispatcher = await dispatch.dispatcher()
    await routed(dispatcher, "a", "rms-1")
    relists = await metric(dispatcher, "livecomments_dispatcher_route_relists_total")
    rms.not_served.add("a")
    async with publishing(dispatcher.grpc_address) as stream:
        await stream.send(event("a", 1))

        async def listed_again() -> bool:
            return await metric(dispatcher, "livecomments_dispatcher_route_relists_total") > relists

        _: bool = await eventually(listed_again)


async def test_publishing_goes_on_without_zookeeper(own_dispatch: Dispatch) -> None:
    rms = await own_dispatch.rms("rms-1", "a")
    dispatcher = await own_dispatch.dispatcher()
    await routed(dispatcher, "a", "rms-1")
    await own_dispatch.zookeeper.stop()

    async def noticed() -> bool:
        return (await describe(dispatcher.grpc_address)).session_state != "CONNECTED"

    _: bool = await eventually(noticed)
    async with publishing(dispatcher.grpc_address) as stream:
        await stream.send(event("a", 1))
        await eventually(lambda: rms.ids == [1])
        await own_dispatch.zookeeper.start()
        await rms.serve("b")
        await routed(dispatcher, "b", "rms-1")
        await stream.send(event("b", 2), event("a", 3))
        await eventually(lambda: rms.ids_of("a") == [1, 3] and rms.ids_of("b") == [2])


async def test_draining_leaves_empties_the_outboxes_and_ends_the_streams(dispatch: Dispatch) -> None:
    rms = await dispatch.rms("rms-1", "a")
    dispatcher = await dispatch.dispatcher(grace_s=1.0)
    view = await dispatch.view()
    await routed(dispatcher, "a", "rms-1")
    async with publishing(dispatcher.grpc_address) as stream:
        await stream.send(*(event("a", number) for number in range(1, 501)))
        await dispatcher.drain()
        assert "dispatcher-1" not in view.nodes
        assert rms.ids == list(range(1, 501))
        await eventually(lambda: stream.ended)


async def test_sigterm_ends_the_process_with_0(dispatch: Dispatch) -> None:
    process = await dispatch.dispatcher_process("dispatcher-1")
    assert await process.stop(grace_s=15) == 0


async def test_a_dispatcher_is_no_member_before_it_knows_the_routes(dispatch: Dispatch) -> None:
    """Else what is published meanwhile is lost."""
    rms = await dispatch.rms("rms-1", *(f"video-{number}" for number in range(2000)))
    view = await dispatch.view()
    asked: list[asyncio.Task[dispatcher_pb2.DescribeRoutesResponse]] = []

    def ask(nodes: Mapping[str, NodeRecord]) -> None:
        address = nodes["dispatcher-1"].grpc
        assert address is not None
        asked.append(asyncio.create_task(describe(address)))

    view.on_change(ask)
    await dispatch.dispatcher()
    await eventually(lambda: asked)
    assert len((await asked[0]).routes) == 2000
    await eventually(lambda: rms.streams == 1)


@pytest.mark.parametrize(
    ("batch", "code", "named"),
    [
        (dispatcher_pb2.PublishBatch(sequence=2), grpc.StatusCode.INVALID_ARGUMENT, "sequence"),
        (
            dispatcher_pb2.PublishBatch(sequence=1, events=[event("no id", 1)]),
            grpc.StatusCode.INVALID_ARGUMENT,
            "events[0].live_video_id",
        ),
        (
            dispatcher_pb2.PublishBatch(sequence=1, events=[event("a", 1)] * 1001),
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "events",
        ),
    ],
)
async def test_a_malformed_batch_ends_the_stream(
    dispatch: Dispatch, batch: dispatcher_pb2.PublishBatch, code: grpc.StatusCode, named: str
) -> None:
    dispatcher = await dispatch.dispatcher()
    async with open_channel(dispatcher.grpc_address) as channel:
        call = dispatcher_pb2_grpc.DispatcherStub(channel).Publish()  # type: ignore[call-arg]  # the stubs know one of its two ways
        await call.write(batch)
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await call.read()
    assert error.value.code() is code
    assert (error.value.details() or "").startswith(named + ":")


async def test_too_many_streams_are_refused(dispatch: Dispatch) -> None:
    dispatcher = await dispatch.dispatcher(max_publishers=1)
    async with publishing(dispatcher.grpc_address) as first:
        await first.send(event("a", 1))
        async with publishing(dispatcher.grpc_address) as second:
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await second.send(event("a", 2))
        assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert await first.send(event("a", 3)) == 2


async def test_of_two_with_one_node_id_the_earlier_is_not_ready_until_the_later_is_gone(dispatch: Dispatch) -> None:
    earlier = await dispatch.dispatcher()
    later = await dispatch.dispatcher()

    async def reasons() -> list[str]:
        return (await readiness(int(earlier.admin_address.rpartition(":")[2]))).reasons

    async def is_displaced() -> bool:
        return await reasons() == ["another process has this node id"]

    async def is_ready() -> bool:
        return await reasons() == []

    _: bool = await eventually(is_displaced)
    assert await metric(earlier, "livecomments_membership_displaced") == 1
    await later.aclose()
    _ = await eventually(is_ready)
    assert await metric(earlier, "livecomments_membership_registered") == 1
