"""A gRPC server with health checking and reflection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer
from grpc_reflection.v1alpha import reflection

from service_kit.errors import StartupError
from service_kit.grpc_tls import GrpcTls

MAX_MESSAGE_BYTES = 4 * 1024 * 1024
_OPTIONS = (
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_concurrent_streams", 1000),
    ("grpc.max_metadata_size", 16 * 1024),
    # Peers ping every second to notice a hung process; the default policy would end them as abusers.
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 500),
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.keepalive_time_ms", 2_000),
    ("grpc.keepalive_timeout_ms", 2_000),
)


@dataclass(frozen=True)
class GrpcService:
    """A servicer to be served: its full name, e.g. ``livecomments.v1.Dispatcher``, and what adds it to a server."""

    name: str
    register: Callable[[grpc.aio.Server], None]


class GrpcServer:
    """Serves ``services``, ``grpc.health.v1.Health`` and reflection on one port.

    ``port`` 0 takes a free one; ``self.port`` is the true one after ``start``. Health is NOT_SERVING until
    ``set_serving(True)``. ``tls``: lets in only who has a certificate; None: everybody, unencrypted.
    """

    def __init__(self, host: str, port: int, *, services: Sequence[GrpcService], tls: GrpcTls | None = None) -> None:
        self._tls = tls
        self.host = host
        self.port = port
        self._services = services
        self._server: grpc.aio.Server | None = None
        self._health = HealthServicer()

    async def start(self) -> None:
        """Binds and serves. Raises ``StartupError`` where the port is taken."""
        if self._server is not None:
            return
        server = grpc.aio.server(options=_OPTIONS)
        for service in self._services:
            service.register(server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        names = [service.name for service in self._services]
        reflection.enable_server_reflection(
            [*names, health_pb2.DESCRIPTOR.services_by_name["Health"].full_name, reflection.SERVICE_NAME],
            server,
        )
        try:
            self.port = self._bind(server, f"{self.host}:{self.port}")
        except RuntimeError as error:
            raise StartupError(f"gRPC port {self.host}:{self.port} cannot be bound: {error}") from None
        await server.start()
        self._server = server
        await self.set_serving(False)

    def _bind(self, server: grpc.aio.Server, address: str) -> int:
        if self._tls is None:
            return server.add_insecure_port(address)
        return server.add_secure_port(address, self._tls.server_credentials())

    async def set_serving(self, serving: bool) -> None:
        """What the health service answers, for the server as a whole and for each service."""
        status = health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
        for name in ("", *(service.name for service in self._services)):
            await self._health.set(name, status)

    async def aclose(self, grace_s: float = 0.0) -> None:
        """Takes no new calls, gives running ones ``grace_s`` to end, then cancels them."""
        server, self._server = self._server, None
        if server is not None:
            await self._health.enter_graceful_shutdown()
            await server.stop(grace_s or None)
