"""A real Envoy with a control plane of the test's own, and clients of every kind."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from coordination.membership import NodeRecord
from lb.envoy.clusters import COMMENT_SERVICE, RMS
from lb.envoy.control_plane import EndpointDiscovery
from lb.envoy.endpoints import assignment
from lb.envoy.metrics import XdsMetrics
from lb.envoy.settings import EnvoySettings
from ops.local_cluster.envoy import EnvoyServer
from ops.local_cluster.ports import free_port
from service_kit.grpc_server import GrpcServer
from tests.support.backend import Backend, Link
from tests.support.eventually import eventually


class StaticControlPlane:
    """The real EDS service, fed by the test instead of by ZooKeeper."""

    def __init__(self, *, max_streams: int = 256) -> None:
        self.registry = CollectorRegistry()
        self.discovery = EndpointDiscovery(XdsMetrics(self.registry), max_streams=max_streams)
        self.versions: dict[str, str] = {}
        self._server = GrpcServer("127.0.0.1", 0, services=[self.discovery.as_service()])

    @property
    def port(self) -> int:
        return self._server.port

    def assign(self, cluster: str, records: Iterable[NodeRecord]) -> None:
        nodes = {record.node_id: record for record in records}
        self.versions[cluster] = assignment(cluster, nodes).version
        self.discovery.update(cluster, nodes)

    async def start(self) -> None:
        await self._server.start()

    async def aclose(self) -> None:
        await self._server.aclose()

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0


def envoy_settings(xds_port: int, **overrides: Any) -> EnvoySettings:
    """Settings on free ports of the loopback, one worker."""
    defaults: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": free_port(),
        "admin_port": free_port(),
        "xds": f"127.0.0.1:{xds_port}",
        "concurrency": 1,
    }
    return EnvoySettings(**(defaults | overrides))


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @classmethod
    def parse(cls, answer: bytes) -> Answer:
        head, _, body = answer.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.split(": ", 1) for line in lines if ": " in line)
        return cls(int(status_line.split()[1]), {name.lower(): value for name, value in pairs}, body)

    @property
    def node(self) -> str:
        return self.headers.get("x-node", "")

    def problem(self) -> dict[str, Any]:
        """Its problem document; fails where it is none."""
        assert self.headers["content-type"] == "application/problem+json", self
        document: dict[str, Any] = json.loads(self.body)
        assert {"type", "title", "status", "detail"} <= document.keys()
        assert document["status"] == self.status
        return document


class Viewers:
    """HTTP/1.1 clients of an Envoy, each request on a connection of its own."""

    def __init__(self, envoy: EnvoyServer) -> None:
        self.envoy = envoy
        self.clients: list[asyncio.StreamWriter] = []

    @property
    def port(self) -> int:
        return self.envoy.settings.port

    def leave(self) -> None:
        """Ends all streams."""
        while self.clients:
            self.clients.pop().close()

    async def request(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, *, body: bytes = b""
    ) -> Answer:
        """One request over HTTP/1.1."""
        lines = [f"{name}: {value}" for name, value in (headers or {}).items()]
        return await self.raw("\r\n".join([f"{method} {target} HTTP/1.1", "Host: edge", *lines, ""]), body)

    async def raw(self, head: str, body: bytes = b"") -> Answer:
        """One request whose head is sent as it is, on a connection of its own."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            length = f"Content-Length: {len(body)}\r\n" if body else ""
            writer.write(f"{head}{length}Connection: close\r\n\r\n".encode() + body)
            return Answer.parse(await asyncio.wait_for(reader.read(-1), 20))
        finally:
            writer.close()

    async def watch(self, target: str) -> tuple[str, asyncio.StreamReader]:
        """Opens a stream; returns the node that answered and the rest of the stream. Open until the test ends."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.clients.append(writer)
        writer.write(f"GET {target} HTTP/1.1\r\nHost: edge\r\n\r\n".encode())
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        answer = Answer.parse(head)
        assert answer.status == 200, answer
        return answer.headers.get("x-node", ""), reader


class Edge(Viewers):
    """Envoy, its control plane and its backends."""

    def __init__(
        self,
        envoy: EnvoyServer,
        control_plane: StaticControlPlane,
        rms: list[Backend],
        comment_services: list[Backend],
    ) -> None:
        super().__init__(envoy)
        self.control_plane = control_plane
        self.rms = rms
        self.comment_services = comment_services

    def rms_named(self, node_id: str) -> Backend:
        return next(backend for backend in self.rms if backend.node_id == node_id)

    async def assign(self) -> None:
        """Makes the present backends the endpoints and waits until Envoy finds them all healthy."""
        self.control_plane.assign(RMS, (backend.record for backend in self.rms))
        self.control_plane.assign(COMMENT_SERVICE, (backend.record for backend in self.comment_services))
        await self.settled(RMS, len(self.rms))
        await self.settled(COMMENT_SERVICE, len(self.comment_services))

    async def settled(self, cluster: str, healthy: int) -> None:
        """Waits until Envoy has the endpoints last assigned to ``cluster``, so many of them healthy."""

        def reached() -> bool | Awaitable[bool]:
            return self._has_settled(cluster, healthy)

        await eventually(reached, what=f"{cluster}: {healthy} healthy endpoints")

    async def _has_settled(self, cluster: str, healthy: int) -> bool:
        readings = await self.envoy.stats(rf"cluster\.{cluster}\.(version_text|membership_healthy)$")
        return readings == {
            f"cluster.{cluster}.version_text": self.control_plane.versions[cluster],
            f"cluster.{cluster}.membership_healthy": healthy,
        }


@contextlib.asynccontextmanager
async def running_edge(
    folder: Path, *, rms: int = 3, comment_services: int = 2, rms_link: Link = "h2", **settings: Any
) -> AsyncIterator[Edge]:
    """Envoy before so many backends, all of them healthy; everything ends with the block."""
    control_plane = StaticControlPlane()
    await control_plane.start()
    edge = Edge(
        EnvoyServer(folder, envoy_settings(control_plane.port, rms_link=rms_link, **settings)),
        control_plane,
        [Backend(f"rms-{n}", rms_link) for n in range(1, rms + 1)],
        [Backend(f"comment-service-{n}") for n in range(1, comment_services + 1)],
    )
    try:
        for backend in (*edge.rms, *edge.comment_services):
            await backend.start()
        control_plane.assign(RMS, (backend.record for backend in edge.rms))
        control_plane.assign(COMMENT_SERVICE, (backend.record for backend in edge.comment_services))
        await edge.envoy.start()
        await edge.assign()
        yield edge
    finally:
        edge.leave()
        await edge.envoy.stop()
        for backend in (*edge.rms, *edge.comment_services):
            await backend.aclose()
        await control_plane.aclose()
