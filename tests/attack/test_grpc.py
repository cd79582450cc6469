"""Every gRPC method, with every text in every field, and bytes that are no request."""

from __future__ import annotations

import random
from collections.abc import Iterator

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from livecomments.v1 import accounts_pb2, comment_service_pb2, media_pb2, moderation_pb2, reactions_pb2
from ops.commands.tokens import Role
from tests.attack.conftest import rows
from tests.support.attacks import TEXTS
from tests.support.cluster import Cluster

FILES = (comment_service_pb2, accounts_pb2, media_pb2, moderation_pb2, reactions_pb2)
SERVICES = [service for file in FILES for service in file.DESCRIPTOR.services_by_name.values()]
METHODS = [method for service in SERVICES for method in service.methods if not method.client_streaming]
FAULTS = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.DATA_LOSS}


def requests(method: MethodDescriptor) -> Iterator[bytes]:
    """One field filled with each text at a time, the others of the right form."""
    kind = GetMessageClass(method.input_type)
    for field in kind.DESCRIPTOR.fields:
        if field.type == FieldDescriptor.TYPE_STRING:
            for text in TEXTS:
                yield filled(kind(), field.name, text)
        elif field.cpp_type in {FieldDescriptor.CPPTYPE_UINT32, FieldDescriptor.CPPTYPE_ENUM}:
            for number in (1, 2**31 - 1):
                yield filled(kind(), field.name, number)
        elif field.cpp_type == FieldDescriptor.CPPTYPE_UINT64:
            for number in (0, 1, 2**63, 2**64 - 1):
                yield filled(kind(), field.name, number)


def filled(message: Message, name: str, value: object) -> bytes:
    if "live_video_id" in message.DESCRIPTOR.fields_by_name and name != "live_video_id":
        message.live_video_id = "witness"  # type: ignore[attr-defined]
    if message.DESCRIPTOR.fields_by_name[name].is_repeated:
        getattr(message, name).append(value)
    else:
        setattr(message, name, value)
    return message.SerializeToString()


def noise(seed: int) -> Iterator[bytes]:
    """Bytes that mean nothing, some of them nearly."""
    chance = random.Random(seed)
    yield from (b"\xff", b"\x0a\xff\xff\xff\xff\x0f", b"\x0a\x02\xff\xfe", b"\x0a" * 1_000, b"\x0b" * 2_000, b"\x00")
    for _ in range(50):
        yield chance.randbytes(chance.randrange(1, 200))


async def call(channel: grpc.aio.Channel, method: MethodDescriptor, data: bytes, token: str | None) -> grpc.StatusCode:
    assert method.containing_service is not None
    metadata = () if token is None else (("authorization", f"Bearer {token}"),)
    unary = channel.unary_unary(f"/{method.containing_service.full_name}/{method.name}", None, None)
    try:
        await unary(data, metadata=metadata, timeout=30)
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


@pytest.mark.parametrize("role", ["viewer", "admin"])
@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
async def test_a_text_in_a_field_is_data_or_refused(
    cluster: Cluster, channel: grpc.aio.Channel, method: MethodDescriptor, role: Role
) -> None:
    token = await cluster.token("mallory", role=role)
    before = rows(cluster)
    reads = method.name.startswith(("Get", "List"))
    codes = [await call(channel, method, data, token) for data in requests(method)]
    assert not FAULTS & set(codes)
    if reads or grpc.StatusCode.OK not in codes:
        assert rows(cluster) == before
    assert rows(cluster)["schema"] == before["schema"]
    assert set(before["accounts"]) <= set(rows(cluster)["accounts"])


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
async def test_bytes_that_are_no_request(cluster: Cluster, channel: grpc.aio.Channel, method: MethodDescriptor) -> None:
    before = rows(cluster)
    codes = {await call(channel, method, data, None) for data in noise(7)}
    assert not FAULTS & codes
    assert rows(cluster) == before
