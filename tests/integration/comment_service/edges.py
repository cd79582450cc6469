"""What the tests of the comment service's edges share: who posts, clients, and what is behind the edges."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc
from prometheus_client import CollectorRegistry
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse

from comment_service.accounts import PasswordCost
from comment_service.api.handler import Traffic
from comment_service.api.server import HttpServer
from comment_service.comment import Comment
from comment_service.services import Services
from comment_service.store.sqlite import SqliteStore
from livecomments.v1 import comment_service_pb2_grpc, event_pb2
from service_kit.auth.identity import Identity
from service_kit.auth.tokens import sign

SECRET = "a secret of the tests, long enough for HS256"
ADA = Identity("u-17", "Ada", frozenset({"viewer"}))
TOKEN = sign(ADA, SECRET, lifetime_s=86_400).token
BEARER = {"Authorization": f"Bearer {TOKEN}"}
VIDEO = "match-42"
CHEAP = PasswordCost(memory_kib=8, passes=1)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now_s: float = 1_795_262_400.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s


def bearer(user_id: str, *roles: str, videos: Iterable[str] = ()) -> dict[str, str]:
    """The header of somebody else."""
    identity = Identity(user_id, user_id, frozenset(roles), frozenset(videos))
    return {"Authorization": f"Bearer {sign(identity, SECRET, lifetime_s=86_400).token}"}


class Published:
    """What was announced, in order."""

    def __init__(self) -> None:
        self.events: list[event_pb2.Event] = []

    def publish(self, event: event_pb2.Event) -> None:
        self.events.append(event)


@dataclass
class Answer:
    """An HTTP answer. ``json`` is the body where it is JSON."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    json: Any = field(init=False)

    def __post_init__(self) -> None:
        is_json = "json" in self.headers.get("Content-Type", "") and self.body
        self.json = json.loads(self.body) if is_json else None


class Http:
    """A client that never raises for a status."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._client = AsyncHTTPClient(force_instance=True)

    async def __call__(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        request = HTTPRequest(
            f"http://127.0.0.1:{self.port}{path}",
            method=method,
            headers=dict(headers or {}),
            body=body,
            allow_nonstandard_methods=True,
            follow_redirects=False,
            decompress_response=False,
            request_timeout=10,
        )
        response: HTTPResponse = await self._client.fetch(request, raise_error=False)
        return Answer(response.code, response.headers, response.body or b"")

    async def get(self, path: str, **headers: str) -> Answer:
        return await self("GET", path, headers=headers)

    async def post(self, path: str, document: object, **headers: str) -> Answer:
        body = json.dumps(document).encode()
        return await self("POST", path, body, BEARER | {"Content-Type": "application/json"} | headers)

    async def patch(self, path: str, document: object, **headers: str) -> Answer:
        body = json.dumps(document).encode()
        return await self("PATCH", path, body, BEARER | {"Content-Type": "application/json"} | headers)

    async def put(self, path: str, document: object, **headers: str) -> Answer:
        body = json.dumps(document).encode()
        return await self("PUT", path, body, BEARER | {"Content-Type": "application/json"} | headers)

    async def delete(self, path: str, **headers: str) -> Answer:
        return await self("DELETE", path, headers=BEARER | headers)

    async def comment(self, content: str, video: str = VIDEO, **fields: object) -> Any:
        """The JSON of a new comment."""
        answer = await self.post(f"/comments/{video}", {"content": content, **fields})
        assert answer.status == 201, answer
        return answer.json

    def close(self) -> None:
        self._client.close()


@dataclass
class Edges:
    """The comment service's edges, and what is behind them."""

    http: Http
    grpc: comment_service_pb2_grpc.CommentServiceAsyncStub
    grpc_port: int
    store: SqliteStore
    published: Published
    metrics: CollectorRegistry
    traffic: Traffic
    server: HttpServer
    services: Services

    async def stored(self) -> list[Comment]:
        """What the store has of ``VIDEO``, oldest first."""
        return await self.store.comments.after(VIDEO, 0, 10_000)

    def metric(self, name: str, **labels: str) -> float:
        return self.metrics.get_sample_value(f"livecomments_comment_service_{name}", labels) or 0.0


def retry_after_s(error: grpc.aio.AioRpcError) -> int:
    """When to come back, as the trailing metadata of a refused call says."""
    metadata: Any = error.trailing_metadata()
    (value,) = [value for key, value in metadata if key == "retry-after"]
    return int(value)


class RawConnection:
    """A connection that sends bytes as they are, for what no HTTP client would send."""

    def __init__(self, port: int, *, receive_bytes: int = 0) -> None:
        self._socket = socket.socket()
        if receive_bytes:  # what the kernel takes in for it, before it is connected
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self._socket.settimeout(10)
        self._socket.connect(("127.0.0.1", port))

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def answer(self) -> Answer:
        """The next answer; needs its Content-Length."""
        reader = self._socket.makefile("rb")
        status = int(reader.readline().split()[1])
        headers: dict[str, str] = {}
        while line := reader.readline().strip():
            name, _, value = line.decode("latin1").partition(": ")
            headers[name] = value
        return Answer(status, headers, reader.read(int(headers.get("Content-Length", "0"))))

    def rest(self) -> bytes:
        """Everything up to the connection's end, however it comes."""
        data = b""
        try:
            while chunk := self._socket.recv(65_536):
                data += chunk
        except ConnectionError:
            pass
        return data

    def is_closed(self) -> bool:
        """Waits for the other side to close."""
        try:
            return self._socket.recv(1) == b""
        except ConnectionError:
            return True

    def close(self) -> None:
        self._socket.close()
