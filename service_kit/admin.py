"""The admin port: ``/metrics`` for Prometheus, ``/healthz`` (alive), ``/readyz`` (takes work)."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from tornado import httpserver, netutil, web

from service_kit.errors import StartupError
from service_kit.problem import NotFoundHandler, ProblemHandler

Ready = Callable[[], list[str]]


class AdminServer:
    """Serves a process's own state.

    ``ready`` returns why the process takes no work now, one short phrase a reason; an empty list means ready.
    ``port`` 0 takes a free one; ``self.port`` is the true one after ``start``.
    """

    def __init__(self, host: str, port: int, registry: CollectorRegistry, *, ready: Ready) -> None:
        self.host = host
        self.port = port
        self._registry = registry
        self._ready = ready
        self._server: httpserver.HTTPServer | None = None

    async def start(self) -> None:
        """Binds the port. Raises ``StartupError`` where it is taken."""
        if self._server is not None:
            return
        routes = [
            ("/metrics", _Metrics, {"registry": self._registry}),
            ("/healthz", _Healthz),
            ("/readyz", _Readyz, {"ready": self._ready}),
        ]
        app = web.Application(routes, default_handler_class=NotFoundHandler)  # type: ignore[arg-type]
        sockets = bind(self.host, self.port, what="admin port")
        self.port = sockets[0].getsockname()[1]
        self._server = httpserver.HTTPServer(
            app, max_header_size=16_384, max_body_size=1024, idle_connection_timeout=60
        )
        self._server.add_sockets(sockets)

    async def aclose(self) -> None:
        """Stops listening and closes what is open."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()
            await server.close_all_connections()


def bind(host: str, port: int, *, what: str, backlog: int = 1024) -> list[socket.socket]:
    """Listening sockets on ``host:port``. Raises ``StartupError`` naming ``what`` where that cannot be had."""
    try:
        return netutil.bind_sockets(port, host, backlog=backlog)
    except OSError as error:
        raise StartupError(f"{what} {host}:{port} cannot be bound: {error.strerror or error}") from None


class _Metrics(ProblemHandler):
    def initialize(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def get(self) -> None:
        self.set_header("Content-Type", CONTENT_TYPE_LATEST)
        self.finish(generate_latest(self._registry))


class _Healthz(ProblemHandler):
    def get(self) -> None:
        self.set_header("Content-Type", "application/json")
        self.finish(b'{"status": "alive"}')


class _Readyz(ProblemHandler):
    def initialize(self, ready: Ready) -> None:
        self._ready = ready

    def get(self) -> None:
        reasons = self._ready()
        self.set_status(503 if reasons else 200)
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps({"status": "not ready" if reasons else "ready", "reasons": reasons}))
