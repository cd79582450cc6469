"""A small HTTP server behind Envoy that says who it is and remembers what it was asked.

``python -m tests.support.backend NODE_ID PORT`` runs one as a process of its own, to be killed.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, field

from tornado import httpserver, netutil, web

from coordination.membership import NodeRecord


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Behaviour:
    """What the test wants of a backend.

    Attributes:
        room: viewers at most; any more are answered 503.
        status: of every answer but a stream's; 0 breaks the connection off without one.
        silent: never answers, but to streams.
        alive: whether its health check succeeds.
    """

    room: int = 1_000_000
    status: int = 200
    silent: bool = False
    alive: bool = True
    seen: list[Seen] = field(default_factory=list)


class Backend:
    """Plays an RMS on ``/comments/{v}/stream`` and a comment service elsewhere; ``X-Node`` of an answer names it."""

    def __init__(self, node_id: str) -> None:
        self.node_id = node_id
        self.behaviour = Behaviour()
        self.streams: set[_Stream] = set()
        self.port = 0
        self._server: httpserver.HTTPServer | None = None

    @property
    def seen(self) -> list[Seen]:
        return self.behaviour.seen

    @property
    def record(self) -> NodeRecord:
        """As it would be registered; its health is asked for on the same port."""
        address = f"127.0.0.1:{self.port}"
        return NodeRecord(node_id=self.node_id, boot_id="boot", http=address, grpc=None, admin=address, capacity=1)

    async def start(self, port: int = 0) -> None:
        app = web.Application(
            [
                ("/healthz", _Health, {"backend": self}),
                ("/comments/([^/]+)/stream", _Stream, {"backend": self}),
                ("/.*", _Plain, {"backend": self}),
            ]
        )
        sockets = netutil.bind_sockets(port, "127.0.0.1", backlog=4096)
        self.port = sockets[0].getsockname()[1]
        self._server = httpserver.HTTPServer(app, max_header_size=256 * 1024)
        self._server.add_sockets(sockets)

    async def aclose(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.stop()
            for stream in list(self.streams):
                stream.leave()
            await server.close_all_connections()

    def send(self, data: bytes) -> None:
        """Sends ``data`` to every viewer."""
        for stream in list(self.streams):
            stream.write(data)
            stream.flush()


class _Handler(web.RequestHandler):
    def initialize(self, backend: Backend) -> None:
        self.backend = backend

    def prepare(self) -> None:
        self.set_header("X-Node", self.backend.node_id)
        request = self.request
        if request.path != "/healthz":
            seen = Seen(request.method or "", request.uri or "", dict(request.headers), request.body)
            self.backend.seen.append(seen)


class _Health(_Handler):
    def get(self) -> None:
        self.set_status(200 if self.backend.behaviour.alive else 503)


class _Plain(_Handler):
    async def _answer(self) -> None:
        if self.backend.behaviour.silent:
            await asyncio.Event().wait()
        if self.backend.behaviour.status == 0:
            self.request.connection.stream.close()  # type: ignore[union-attr]
            return
        self.set_status(self.backend.behaviour.status)
        self.finish(self.backend.node_id)

    get = post = put = patch = delete = _answer


class _Stream(_Handler):
    async def get(self, video: str) -> None:
        backend = self.backend
        if len(backend.streams) >= backend.behaviour.room:
            self.set_status(503)
            return
        self._left = asyncio.Event()
        self.set_header("Content-Type", "text/event-stream")
        backend.streams.add(self)
        self.write(f"retry: 1\n\ndata: {backend.node_id} {video}\n\n")
        await self.flush()
        await self._left.wait()

    def leave(self) -> None:
        self.backend.streams.discard(self)
        self._left.set()

    def on_connection_close(self) -> None:
        if hasattr(self, "_left"):
            self.leave()


async def _main(node_id: str, port: int) -> None:
    await Backend(node_id).start(port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], int(sys.argv[2])))
