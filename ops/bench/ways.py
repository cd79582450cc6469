"""The ways from a post to many viewers that a bench compares: what to start, where to post, which processes pay."""

from __future__ import annotations

import resource
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Protocol

from comment_service.comment import Comment
from ops.bench.nginx import Nginx, nchan_conf, proxy_conf
from ops.bench.process_cost import Cost, cost_of
from ops.client import CommentsApi, HttpClient
from ops.commands.tokens import Signer
from ops.local_cluster.cluster import ClusterOptions, LocalCluster
from ops.local_cluster.envoy import EnvoyServer
from ops.local_cluster.layout import DataFolder
from ops.local_cluster.ports import free_port
from ops.local_cluster.samples import Samples
from ops.local_cluster.zookeeper import ZooKeeperOptions

Link = Literal["h2", "http1"]
SPARE_DESCRIPTORS = 500
_SOME_ID = 2**58


class Way(Protocol):
    """One of them.

    Attributes:
        name: of its column.
        descriptors_a_viewer: open files of the process that needs the most.
    """

    name: str
    descriptors_a_viewer: int

    @property
    def port(self) -> int:
        """Where viewers connect; a video's stream is at ``/comments/{video}/stream``."""

    @property
    def node_port(self) -> int:
        """Where the RMS itself has its streams; the same as ``port`` where there is none."""

    async def start(self) -> None: ...

    async def post(self, video: str, text: str, *, beside_edge: bool = False) -> None:
        """Returns once the comment has been accepted; ``beside_edge``: without the edge's taking part, if it can."""

    def node_cost(self) -> Cost:
        """Of the RMS; nothing where there is none."""

    def edge_cost(self) -> Cost:
        """Of what viewers are connected to."""

    async def aclose(self) -> None: ...


class EnvoyWay:
    """A whole cluster with one RMS; viewers come by Envoy with one worker, over ``link`` to the RMS.

    ``settings`` go before those that the bench has for all. With more than one of ``envoys`` the viewers are to be
    spread over ``ports``: a process may open only so many files.
    """

    descriptors_a_viewer: int

    def __init__(
        self, folder: Path, link: Link, *, envoys: int = 1, settings: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self.name = f"Envoy, {link}"
        self.descriptors_a_viewer = 1 if link == "h2" else 2
        all_settings = {
            "LIVECOMMENTS_ENVOY_RMS_LINK": link,
            "LIVECOMMENTS_ENVOY_CONCURRENCY": "1",
            # Viewers of the other videos of a round would be written to in between.
            "LIVECOMMENTS_RMS_HEARTBEAT_AFTER_S": "600",
            "LIVECOMMENTS_LOG_LEVEL": "warning",
            "LIVECOMMENTS_COMMENT_SERVICE_RATE_POSTS_PER_USER": "",  # one user says everything
            **settings,
        }
        options = ClusterOptions(rms=1, dispatchers=1, port=0, settings=all_settings, zookeeper=ZooKeeperOptions())
        self._cluster = LocalCluster(DataFolder(folder), options)
        self._envoys = [self._cluster.envoy, *(self._another(folder, number) for number in range(2, envoys + 1))]
        self._http = HttpClient(self._cluster.url, max_connections=64, timeout_s=30)
        [service] = self._cluster.comment_services.values()
        self._service = HttpClient(f"http://{service.address('HTTP_PORT')}", max_connections=64, timeout_s=30)
        self._token = Signer(options.jwt_secret).sign("bench")

    @property
    def port(self) -> int:
        return self._cluster.envoy.settings.port

    @property
    def ports(self) -> list[int]:
        """Of each Envoy."""
        return [envoy.settings.port for envoy in self._envoys]

    @property
    def node_port(self) -> int:
        [rms] = self._cluster.rms.values()
        return rms.ports["HTTP_PORT"]

    async def start(self) -> None:
        await self._cluster.start()
        for envoy in self._envoys[1:]:
            await envoy.start()

    async def post(self, video: str, text: str, *, beside_edge: bool = False) -> None:
        http = self._service if beside_edge else self._http
        await CommentsApi(http).post(video, text, token=self._token)

    def node_cost(self) -> Cost:
        [rms] = self._cluster.rms.values()
        return cost_of(rms.process.pid)

    def edge_cost(self) -> Cost:
        return sum((cost_of(envoy.process.pid) for envoy in self._envoys), Cost())

    async def samples(self) -> Samples:
        """The RMS's metrics."""
        [rms] = self._cluster.rms.values()
        return await rms.samples()

    async def envoy_stats(self, pattern: str) -> dict[str, int]:
        """Counters whose names match, all Envoys together."""
        total: dict[str, int] = {}
        for envoy in self._envoys:
            for name, value in (await envoy.stats(pattern)).items():
                if isinstance(value, int):
                    total[name] = total.get(name, 0) + value
        return total

    async def aclose(self) -> None:
        await self._http.aclose()
        await self._service.aclose()
        for envoy in self._envoys[1:]:
            await envoy.stop()
        await self._cluster.stop()

    def _another(self, folder: Path, number: int) -> EnvoyServer:
        ports = {"port": free_port(), "admin_port": free_port(), "node_id": f"envoy-{number}"}
        return EnvoyServer(folder / f"envoy-{number}", self._cluster.envoy.settings.model_copy(update=ports))


class NginxWay(EnvoyWay):
    """The same cluster, but viewers come by nginx with one worker, over HTTP/1.1."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "http1")
        self.name = "nginx, http1"
        self._nginx = Nginx(folder / "nginx", lambda port: proxy_conf(port, f"127.0.0.1:{self.node_port}"))

    @property
    def port(self) -> int:
        return self._nginx.port

    async def start(self) -> None:
        await super().start()
        await self._nginx.start()

    def edge_cost(self) -> Cost:
        return cost_of(self._nginx.worker)

    async def aclose(self) -> None:
        await self._nginx.stop()
        await super().aclose()


class NchanWay:
    """nginx with the Nchan module and nothing else: no store, no history, no tokens."""

    name = "Nchan"
    descriptors_a_viewer = 1

    def __init__(self, folder: Path) -> None:
        self._nginx = Nginx(folder, nchan_conf)
        self._http = HttpClient(f"http://127.0.0.1:{self._nginx.port}", max_connections=64, timeout_s=30)

    @property
    def port(self) -> int:
        return self._nginx.port

    @property
    def node_port(self) -> int:
        return self._nginx.port

    async def start(self) -> None:
        await self._nginx.start()

    async def post(self, video: str, text: str, *, beside_edge: bool = False) -> None:
        comment = Comment(_SOME_ID, video, "bench", "bench", text)
        await self._http.request("POST", f"/publish/{video}", body=comment.to_json())

    def node_cost(self) -> Cost:
        return Cost()

    def edge_cost(self) -> Cost:
        return cost_of(self._nginx.worker)

    async def aclose(self) -> None:
        await self._http.aclose()
        await self._nginx.stop()


def most_viewers(way: Way) -> int:
    """As many as the open files of this user allow."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return (hard - SPARE_DESCRIPTORS) // way.descriptors_a_viewer
