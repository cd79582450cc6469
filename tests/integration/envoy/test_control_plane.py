"""EDS as Envoy speaks it: the newest state, once, to whoever asks; limits; acknowledgements."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest
from envoy.config.endpoint.v3 import endpoint_pb2
from envoy.service.discovery.v3 import discovery_pb2
from envoy.service.endpoint.v3 import eds_pb2_grpc
from google.rpc import status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc

from coordination.membership import NodeRecord
from lb.envoy.clusters import COMMENT_SERVICE, RMS
from lb.envoy.control_plane import MAX_RESOURCES
from lb.envoy.endpoints import TYPE_URL
from service_kit.grpc_client import open_channel
from tests.support.envoy import StaticControlPlane
from tests.support.eventually import eventually

Stream = grpc.aio.StreamStreamCall[discovery_pb2.DiscoveryRequest, discovery_pb2.DiscoveryResponse]


@pytest.fixture
async def control_plane() -> AsyncIterator[StaticControlPlane]:
    control_plane = StaticControlPlane(max_streams=3)
    await control_plane.start()
    yield control_plane
    await control_plane.aclose()


@pytest.fixture
async def channel(control_plane: StaticControlPlane) -> AsyncIterator[grpc.aio.Channel]:
    async with open_channel(f"127.0.0.1:{control_plane.port}") as channel:
        yield channel


def record(node_id: str, port: int) -> NodeRecord:
    return NodeRecord(node_id, "boot", http=f"127.0.0.1:{port}", admin=f"127.0.0.1:{port + 1}")


def subscribe(channel: grpc.aio.Channel) -> Stream:
    stream: Stream = eds_pb2_grpc.EndpointDiscoveryServiceStub(channel).StreamEndpoints()
    return stream


def wish(*names: str, **fields: str) -> discovery_pb2.DiscoveryRequest:
    return discovery_pb2.DiscoveryRequest(resource_names=names, type_url=TYPE_URL, **fields)


async def answer(stream: Stream) -> tuple[dict[str, list[str]], discovery_pb2.DiscoveryResponse]:
    """The next answer: cluster → names of its endpoints, and the answer itself."""
    response = await asyncio.wait_for(stream.read(), 10)
    assert isinstance(response, discovery_pb2.DiscoveryResponse)
    clusters = {}
    for resource in response.resources:
        load = endpoint_pb2.ClusterLoadAssignment()
        assert resource.Unpack(load)
        hosts = [each.endpoint.hostname for group in load.endpoints for each in group.lb_endpoints]
        clusters[load.cluster_name] = hosts
    return clusters, response


async def test_a_subscriber_gets_what_is_there_and_then_each_change(
    control_plane: StaticControlPlane, channel: grpc.aio.Channel
) -> None:
    control_plane.assign(RMS, [record("rms-1", 7000)])
    stream = subscribe(channel)
    await stream.write(wish(RMS))
    clusters, response = await answer(stream)
    assert clusters == {RMS: ["rms-1"]}
    await stream.write(wish(RMS, response_nonce=response.nonce, version_info=response.version_info))
    await eventually(lambda: control_plane.metric("livecomments_xds_acks_total") == 1)
    control_plane.assign(RMS, [record("rms-2", 7002), record("rms-1", 7000)])
    assert (await answer(stream))[0] == {RMS: ["rms-1", "rms-2"]}
    control_plane.assign(RMS, [])
    assert (await answer(stream))[0] == {RMS: []}


async def test_what_did_not_change_is_not_sent(control_plane: StaticControlPlane, channel: grpc.aio.Channel) -> None:
    control_plane.assign(RMS, [record("rms-1", 7000), record("rms-2", 7002)])
    stream = subscribe(channel)
    await stream.write(wish(RMS))
    _, first = await answer(stream)
    control_plane.assign(RMS, [record("rms-2", 7002), record("rms-1", 7000)])
    control_plane.assign(COMMENT_SERVICE, [record("comment-service-1", 7004)])
    control_plane.assign(RMS, [record("rms-1", 7000)])
    clusters, second = await answer(stream)
    assert clusters == {RMS: ["rms-1"]}
    assert (first.nonce, second.nonce) == ("1", "2")


async def test_a_cluster_that_appears_later_is_sent_then(
    control_plane: StaticControlPlane, channel: grpc.aio.Channel
) -> None:
    stream = subscribe(channel)
    await stream.write(wish(RMS))
    await eventually(lambda: control_plane.metric("livecomments_xds_streams") == 1)
    control_plane.assign(RMS, [record("rms-1", 7000)])
    assert (await answer(stream))[0] == {RMS: ["rms-1"]}


async def test_a_subscriber_may_change_its_mind(control_plane: StaticControlPlane, channel: grpc.aio.Channel) -> None:
    control_plane.assign(RMS, [record("rms-1", 7000)])
    control_plane.assign(COMMENT_SERVICE, [record("comment-service-1", 7002)])
    stream = subscribe(channel)
    await stream.write(wish(RMS))
    _, response = await answer(stream)
    await stream.write(wish(RMS, COMMENT_SERVICE, response_nonce=response.nonce))
    clusters, _ = await answer(stream)
    assert clusters == {COMMENT_SERVICE: ["comment-service-1"], RMS: ["rms-1"]}


async def test_what_was_rejected_is_counted_and_not_sent_again(
    control_plane: StaticControlPlane, channel: grpc.aio.Channel
) -> None:
    control_plane.assign(RMS, [record("rms-1", 7000)])
    stream = subscribe(channel)
    await stream.write(wish(RMS))
    _, first = await answer(stream)
    rejection = wish(RMS, response_nonce=first.nonce)
    rejection.error_detail.CopyFrom(status_pb2.Status(code=13, message="malformed"))
    await stream.write(rejection)
    await eventually(lambda: control_plane.metric("livecomments_xds_nacks_total") == 1)
    control_plane.assign(RMS, [record("rms-2", 7000)])
    clusters, second = await answer(stream)
    assert (clusters, second.nonce) == ({RMS: ["rms-2"]}, "2")


async def test_the_same_endpoints_have_the_same_version_everywhere(control_plane: StaticControlPlane) -> None:
    other = StaticControlPlane()
    for each in (control_plane, other):
        each.assign(RMS, [record("rms-1", 7000)])
    assert control_plane.versions == other.versions


@pytest.mark.parametrize(
    ("request_", "code", "reason"),
    [
        (
            discovery_pb2.DiscoveryRequest(type_url="type.googleapis.com/envoy.config.cluster.v3.Cluster"),
            grpc.StatusCode.INVALID_ARGUMENT,
            "wrong_type",
        ),
        (
            wish(*(f"cluster-{n}" for n in range(MAX_RESOURCES + 1))),
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "too_many_resources",
        ),
    ],
    ids=["type", "resources"],
)
async def test_a_subscription_that_cannot_be_served_is_refused(
    control_plane: StaticControlPlane,
    channel: grpc.aio.Channel,
    request_: discovery_pb2.DiscoveryRequest,
    code: grpc.StatusCode,
    reason: str,
) -> None:
    stream = subscribe(channel)
    await stream.write(request_)
    assert await asyncio.wait_for(stream.code(), 10) is code
    assert control_plane.metric("livecomments_xds_streams_refused_total", reason=reason) == 1
    await eventually(lambda: control_plane.metric("livecomments_xds_streams") == 0)


async def test_subscriptions_are_bounded_and_a_place_becomes_free_again(
    control_plane: StaticControlPlane, channel: grpc.aio.Channel
) -> None:
    control_plane.assign(RMS, [record("rms-1", 7000)])
    streams = [subscribe(channel) for _ in range(3)]
    for stream in streams:
        await stream.write(wish(RMS))
        await answer(stream)
    one_more = subscribe(channel)
    assert await asyncio.wait_for(one_more.code(), 10) is grpc.StatusCode.RESOURCE_EXHAUSTED
    streams[0].cancel()
    await eventually(lambda: control_plane.metric("livecomments_xds_streams") == 2)
    stream = subscribe(channel)
    await stream.write(wish(RMS))
    assert (await answer(stream))[0] == {RMS: ["rms-1"]}


async def test_health_is_served_beside_it(channel: grpc.aio.Channel) -> None:
    request = health_pb2.HealthCheckRequest(service="envoy.service.endpoint.v3.EndpointDiscoveryService")
    response = await health_pb2_grpc.HealthStub(channel).Check(request)
    assert response.status == health_pb2.HealthCheckResponse.NOT_SERVING, "the node says when it serves"
