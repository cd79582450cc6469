"""A small HTTP server behind Envoy that says who it is and remembers what it was asked.

``python -m tests.support.backend NODE_ID LINK PORT ADMIN_PORT`` runs one as a process of its own, to be killed.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol
from urllib.parse import unquote

from tornado import httpserver, netutil, web

from coordination.membership import NodeRecord
from tests.support.http2_viewers import Http2Connection, Http2Viewer

Link = Literal["h2", "http1"]


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
        body_bytes: how much of uploads has come, also of those that are under way.
    """

    room: int = 1_000_000
    status: int = 200
    silent: bool = False
    alive: bool = True
    body_bytes: int = 0
    seen: list[Seen] = field(default_factory=list)


class Stream(Protocol):
    """A viewer's stream, over either protocol."""

    def send(self, data: bytes) -> None: ...

    def leave(self) -> None: ...


class Backend:
    """Plays an RMS on ``/comments/{v}/stream`` and a comment service elsewhere; ``X-Node`` of an answer names it.

    Over ``h2`` it has streams alone, and its health is asked for over HTTP/1.1 on another port.
    """

    def __init__(self, node_id: str, link: Link = "http1") -> None:
        self.node_id = node_id
        self.link = link
        self.behaviour = Behaviour()
        self.streams: set[Stream] = set()
        self.connections: list[Http2Connection] = []
        self.port = 0
        self.admin_port = 0
        self._server: httpserver.HTTPServer | None = None
        self._http2_server: asyncio.Server | None = None

    @property
    def seen(self) -> list[Seen]:
        return self.behaviour.seen

    @property
    def record(self) -> NodeRecord:
        """As it would be registered."""
        http, admin = f"127.0.0.1:{self.port}", f"127.0.0.1:{self.admin_port}"
        return NodeRecord(node_id=self.node_id, boot_id="boot", http=http, grpc=None, admin=admin, capacity=1)

    async def start(self, port: int = 0, admin_port: int = 0) -> None:
        app = web.Application(
            [
                ("/healthz", _Health, {"backend": self}),
                ("/comments/([^/]+)/stream", _Stream, {"backend": self}),
                ("/media", _Upload, {"backend": self}),
                ("/.*", _Plain, {"backend": self}),
            ]
        )
        sockets = netutil.bind_sockets(admin_port if self.link == "h2" else port, "127.0.0.1", backlog=4096)
        self.port = self.admin_port = sockets[0].getsockname()[1]
        self._server = httpserver.HTTPServer(app, max_header_size=256 * 1024)
        self._server.add_sockets(sockets)
        if self.link == "h2":
            await self._start_http2(port)

    async def aclose(self) -> None:
        for stream in list(self.streams):
            stream.leave()
        http2_server, self._http2_server = self._http2_server, None
        if http2_server is not None:
            http2_server.close()
            for connection in self.connections:
                connection.abort()
        server, self._server = self._server, None
        if server is not None:
            server.stop()
            await server.close_all_connections()

    def send(self, data: bytes) -> None:
        """Sends ``data`` to every viewer."""
        for stream in list(self.streams):
            stream.send(data)

    def takes_one_more(self) -> bool:
        return len(self.streams) < self.behaviour.room

    def welcome(self, video: str) -> bytes:
        """How each of its streams begins."""
        return f"retry: 1\n\ndata: {self.node_id} {video}\n\n".encode()

    async def _start_http2(self, port: int) -> None:
        def connection() -> Http2Connection:
            self.connections.append(Http2Connection(self._on_request, self.streams.discard))
            return self.connections[-1]

        loop = asyncio.get_running_loop()
        self._http2_server = await loop.create_server(connection, "127.0.0.1", port, backlog=4096)
        self.port = self._http2_server.sockets[0].getsockname()[1]

    def _on_request(self, viewer: Http2Viewer, target: str, headers: dict[str, str]) -> None:
        titled = {name.title(): value for name, value in headers.items()}
        self.seen.append(Seen(headers.pop(":method"), target, titled, b""))
        if not self.takes_one_more():
            viewer.answer(503, {"X-Node": self.node_id}, b"")
            return
        self.streams.add(viewer)
        viewer.begin({"X-Node": self.node_id, "Content-Type": "text/event-stream"})
        viewer.send(self.welcome(unquote(target.split("/")[2])))


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


@web.stream_request_body
class _Upload(_Handler):
    def prepare(self) -> None:
        super().prepare()
        self._body = b""

    def data_received(self, chunk: bytes) -> None:
        self._body += chunk
        self.backend.behaviour.body_bytes += len(chunk)

    def post(self) -> None:
        self.backend.seen[-1] = replace(self.backend.seen[-1], body=self._body)
        self.finish(self.backend.node_id)


class _Stream(_Handler):
    async def get(self, video: str) -> None:
        backend = self.backend
        if not backend.takes_one_more():
            self.set_status(503)
            return
        self._left = asyncio.Event()
        self.set_header("Content-Type", "text/event-stream")
        backend.streams.add(self)
        self.send(backend.welcome(video))
        await self._left.wait()

    def send(self, data: bytes) -> None:
        self.write(data)
        self.flush()

    def leave(self) -> None:
        self.backend.streams.discard(self)
        self._left.set()

    def on_connection_close(self) -> None:
        if hasattr(self, "_left"):
            self.leave()


async def _main(node_id: str, link: Link, port: int, admin_port: int) -> None:
    await Backend(node_id, link).start(port, admin_port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], "h2" if sys.argv[2] == "h2" else "http1", int(sys.argv[3]), int(sys.argv[4])))
