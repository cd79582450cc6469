"""Every gRPC server answers health checks and lists its services by reflection."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from livecomments.v1 import dispatcher_pb2_grpc
from service_kit.errors import StartupError
from service_kit.grpc_client import open_channel
from service_kit.grpc_server import GrpcServer, GrpcService

NAME = "livecomments.v1.Dispatcher"


def _server(port: int = 0) -> GrpcServer:
    servicer = dispatcher_pb2_grpc.DispatcherServicer()  # type: ignore[abstract]
    service = GrpcService(NAME, lambda server: dispatcher_pb2_grpc.add_DispatcherServicer_to_server(servicer, server))
    return GrpcServer("127.0.0.1", port, services=[service])


@pytest.fixture
async def server() -> AsyncIterator[GrpcServer]:
    server = _server()
    await server.start()
    yield server
    await server.aclose()


async def test_health_follows_serving(server: GrpcServer) -> None:
    async with open_channel(f"127.0.0.1:{server.port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for serving, status in ((False, "NOT_SERVING"), (True, "SERVING")):
            await server.set_serving(serving)
            for name in ("", NAME):
                answer = await stub.Check(health_pb2.HealthCheckRequest(service=name))
                assert health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status) == status


async def test_reflection_lists_the_services(server: GrpcServer) -> None:
    async with open_channel(f"127.0.0.1:{server.port}") as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        call = stub.ServerReflectionInfo(iter([request]))
        answer = await call.read()
        names = {service.name for service in answer.list_services_response.service}
        call.cancel()
    assert {NAME, "grpc.health.v1.Health"} <= names


async def test_a_taken_port_is_one_clear_line(server: GrpcServer) -> None:
    with pytest.raises(StartupError, match=rf"127.0.0.1:{server.port}"):
        await _server(server.port).start()
