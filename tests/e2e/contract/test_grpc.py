"""The gRPC side: wrong arguments are named, no token is UNAUTHENTICATED, health and reflection are everywhere."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from livecomments.v1 import accounts_pb2, comment_service_pb2, media_pb2, moderation_pb2, reactions_pb2
from service_kit.grpc_client import open_channel
from tests.support.cluster import Cluster

FILES = (comment_service_pb2, accounts_pb2, media_pb2, moderation_pb2, reactions_pb2)
METHODS = [
    method for file in FILES for service in file.DESCRIPTOR.services_by_name.values() for method in service.methods
]
# An empty request asks for the first page.
COMPLETE = {"ListReports", "ListAuditEntries"}
STREAMS = {"UploadMedia"}
PUBLIC = {"GetComment", "ListComments", "ListReplies", "ListChanges", "GetMedia", "Register", "Login"}
OF_PROCESS = {
    "comment-service": {
        *("CommentService", "ReactionService", "AccountService", "ModerationService", "MediaService"),
    },
    "dispatcher": {"Dispatcher"},
    "rms": {"RealtimeMessaging"},
}


async def call(cluster: Cluster, method: MethodDescriptor, request: bytes, token: str | None) -> grpc.aio.AioRpcError:
    """How the call fails."""
    (service,) = cluster.comment_services.values()
    assert method.containing_service is not None
    path = f"/{method.containing_service.full_name}/{method.name}"
    metadata = () if token is None else (("authorization", f"Bearer {token}"),)
    async with open_channel(service.address("GRPC_PORT")) as channel:
        make: Any = channel.stream_unary if method.name in STREAMS else channel.unary_unary
        sent = iter([request]) if method.name in STREAMS else request
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await make(path, None, None)(sent, metadata=metadata, timeout=30)
    return failed.value


@pytest.mark.parametrize("method", [each for each in METHODS if each.name not in COMPLETE], ids=lambda each: each.name)
async def test_a_request_without_anything_names_what_is_missing(cluster: Cluster, method: MethodDescriptor) -> None:
    error = await call(cluster, method, b"", await cluster.token("ada", role="admin"))
    fields = {*method.input_type.fields_by_name, "file"}
    assert error.code() in {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND}, error.details()
    if error.code() is grpc.StatusCode.INVALID_ARGUMENT:
        assert any(field in (error.details() or "") for field in fields), error.details()


@pytest.mark.parametrize(
    "method",
    [each for each in METHODS if "live_video_id" in each.input_type.fields_by_name],
    ids=lambda each: each.name,
)
async def test_what_is_no_video_id_is_named(cluster: Cluster, method: MethodDescriptor) -> None:
    request = GetMessageClass(method.input_type)()
    for name, value in {"user_id": "u-1", "content": "x", "reason": "x", "kind": "like"}.items():
        if name in method.input_type.fields_by_name:
            setattr(request, name, value)
    for bad in ("a.b", "x" * 65, "a b"):
        request.live_video_id = bad  # type: ignore[attr-defined]
        error = await call(cluster, method, request.SerializeToString(), await cluster.token("ada", role="admin"))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT, error.details()
        assert "live_video_id" in (error.details() or "")


@pytest.mark.parametrize(
    "method", [each for each in METHODS if "page_size" in each.input_type.fields_by_name], ids=lambda each: each.name
)
async def test_a_page_over_the_limit_is_named(cluster: Cluster, method: MethodDescriptor) -> None:
    request = GetMessageClass(method.input_type)(page_size=1_001)
    for name, value in {"live_video_id": "v", "comment_id": 1}.items():
        if name in method.input_type.fields_by_name:
            setattr(request, name, value)
    error = await call(cluster, method, request.SerializeToString(), await cluster.token("ada", role="admin"))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "page_size" in (error.details() or "")


@pytest.mark.parametrize("method", [each for each in METHODS if each.name not in PUBLIC], ids=lambda each: each.name)
async def test_no_token_is_unauthenticated(cluster: Cluster, method: MethodDescriptor) -> None:
    request = GetMessageClass(method.input_type)()
    if "live_video_id" in method.input_type.fields_by_name:
        request.live_video_id = "v"  # type: ignore[attr-defined]
    if "posts" in method.input_type.fields_by_name:
        request.posts.add(live_video_id="v", content="hi")  # type: ignore[attr-defined]
    for token in (None, "a.b.c"):
        error = await call(cluster, method, request.SerializeToString(), token)
        assert error.code() is grpc.StatusCode.UNAUTHENTICATED, error.details()


@pytest.mark.parametrize("process", OF_PROCESS)
async def test_every_server_has_health_and_reflection(cluster: Cluster, process: str) -> None:
    groups = {"comment-service": cluster.comment_services, "dispatcher": cluster.dispatchers, "rms": cluster.rms}
    names = {f"livecomments.v1.{name}" for name in OF_PROCESS[process]}
    for node in groups[process].values():
        async with open_channel(node.address("GRPC_PORT")) as channel:
            health = health_pb2_grpc.HealthStub(channel)
            for name in ("", *names):
                answer = await health.Check(health_pb2.HealthCheckRequest(service=name), timeout=10)
                assert answer.status == health_pb2.HealthCheckResponse.SERVING
            reflection = reflection_pb2_grpc.ServerReflectionStub(channel)
            asked = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
            async for listed in reflection.ServerReflectionInfo(asked, timeout=10):
                assert names < {service.name for service in listed.list_services_response.service}
