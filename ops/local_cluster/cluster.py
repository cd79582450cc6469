"""A whole cluster of real processes on this machine."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from lb.envoy.clusters import COMMENT_SERVICE, RMS
from lb.envoy.settings import EnvoySettings
from ops.local_cluster.cassandra import CassandraOptions, CassandraServer
from ops.local_cluster.cluster_file import SECRET_BYTES, ClusterFile
from ops.local_cluster.envoy import EnvoyServer
from ops.local_cluster.layout import DataFolder
from ops.local_cluster.node import HOST, READY_DEADLINE_S, Node
from ops.local_cluster.ports import free_port, is_free
from ops.local_cluster.process import ManagedProcess
from ops.local_cluster.zookeeper import ZooKeeperOptions, ZooKeeperServer
from service_kit.errors import StartupError
from service_kit.settings import env_name, load

ROUTED_DEADLINE_S = 20.0
# The first comment service makes the tables: on one Cassandra in 4 s, on one a data centre, on a busy machine, in 30.
ON_CASSANDRA_DEADLINE_S = 240.0
PEERS = "LIVECOMMENTS_DISPATCHER_PEERS"
CONTACT_POINTS = "LIVECOMMENTS_COMMENT_SERVICE_CASSANDRA_CONTACT_POINTS"
STORE = "LIVECOMMENTS_COMMENT_SERVICE_STORE"
KEY_FILES = ("LIVECOMMENTS_COMMENT_SERVICE_JWT_PUBLIC_KEY_FILE", "LIVECOMMENTS_COMMENT_SERVICE_JWT_JWKS_FILE")


@dataclass(frozen=True)
class ClusterOptions:
    """What a local cluster consists of.

    Attributes:
        port: where viewers connect; 0: a free port.
        settings: environment variables for all nodes, over this process's own.
        jwt_secret: what tokens are signed with; by default a new one.
        zookeeper: how its server runs.
        store: ``cassandra`` brings one of its own, unless the settings name one's contact points.
        cassandra: how its own one runs.
        cassandra_host: its own one's loopback address.
    """

    rms: int = 3
    dispatchers: int = 2
    comment_services: int = 1
    port: int = 8080
    settings: Mapping[str, str] = field(default_factory=dict)
    jwt_secret: str = field(default_factory=lambda: secrets.token_urlsafe(SECRET_BYTES))
    zookeeper: ZooKeeperOptions = field(default_factory=ZooKeeperOptions)
    store: Literal["sqlite", "cassandra"] = "sqlite"
    cassandra: CassandraOptions = field(default_factory=CassandraOptions)
    cassandra_host: str = HOST


class Part(Protocol):
    """A process of the cluster: what its supervisor needs."""

    @property
    def process(self) -> ManagedProcess: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class LocalCluster:
    """One data centre: ZooKeeper, Envoy with its control plane, dispatchers, RMS nodes and comment services.

    It is bound to no event loop, so tests may start it on one and use it on others.

    Args:
        joins: another one, whose Cassandra its own one replicates with; that one has to be up first.

    Attributes:
        zookeeper, envoy, xds: one each. cassandra: None where the store is another, or someone else's.
        rms, dispatchers, comment_services: node id → node.
        parts: name → each of them, in the order in which they depend on each other.
    """

    def __init__(
        self, folder: DataFolder, options: ClusterOptions | None = None, joins: LocalCluster | None = None
    ) -> None:
        self.folder = folder
        self.options = options or ClusterOptions()
        self.zookeeper = ZooKeeperServer(folder.zookeeper, options=self.options.zookeeper)
        self.cassandra: CassandraServer | None = self._own_cassandra(joins)
        self._settings = self._shared_settings()
        self.xds = self._nodes("xds", 1)["xds-1"]
        self.dispatchers = self._nodes("dispatcher", self.options.dispatchers)
        self.rms = self._nodes("rms", self.options.rms)
        self.comment_services = self._nodes("comment-service", self.options.comment_services)
        self.envoy = EnvoyServer(folder.envoy, self._envoy_settings())
        self.parts: Mapping[str, Part] = {
            "zookeeper": self.zookeeper,
            **({} if self.cassandra is None else {"cassandra": self.cassandra}),
            "xds-1": self.xds,
            **self.rms,
            **self.dispatchers,
            **self.comment_services,
            "envoy": self.envoy,
        }

    @property
    def url(self) -> str:
        """The page's address, and the origin of the API."""
        return self.envoy.url

    @property
    def dc(self) -> str:
        return self.options.settings.get("LIVECOMMENTS_DC") or os.environ.get("LIVECOMMENTS_DC", "dc1")

    @property
    def nodes(self) -> Mapping[str, Node]:
        """Our own processes among the parts."""
        return {name: part for name, part in self.parts.items() if isinstance(part, Node)}

    def relay_to(self, peers: Mapping[str, Sequence[str]]) -> None:
        """Has its dispatchers pass on what originates here, from their next start on.

        ``peers``: data centre → gRPC addresses of its dispatchers.
        """
        for node in self.dispatchers.values():
            node.configure({PEERS: json.dumps(peers)})

    def check_port(self) -> None:
        """Raises ``StartupError`` where something else listens on the page's port."""
        port, host = self.envoy.settings.port, self.envoy.settings.host
        if self._running("envoy") is None and not is_free(port, host):
            raise StartupError(f"port {port} is taken; stop what listens there, or choose another with --port")

    async def start(self, on_ready: Callable[[str], None] = lambda name: None) -> None:
        """Starts everything and waits until a post and a stream find their way; idempotent.

        ``on_ready`` is told the name of each part that is ready.
        Raises ``StartupError``, with nothing left running: a taken port or folder, a missing program, a part's death.
        """
        self.folder.lock()
        try:
            if self._running("zookeeper") is None:
                self.check_port()
                self.folder.forget_zookeeper()
            self._cluster_file().write(self.folder.cluster_file)
            await self._start_parts(on_ready)
            await self._wait_routed()
        except BaseException:
            await self.kill()
            raise

    async def stop(self) -> None:
        """Ends everything in the opposite order of dependence, each after its draining. Idempotent."""
        viewers, nodes = ["envoy"], [*self.comment_services, *self.dispatchers, *self.rms]
        for group in (viewers, nodes, ["xds-1"], ["zookeeper", "cassandra"]):
            await asyncio.gather(*(self.parts[name].stop() for name in group if name in self.parts))
        self.folder.unlock()

    async def kill(self) -> None:
        """Ends everything at once, without a word. Idempotent."""
        running = [process for name in self.parts if (process := self._running(name))]
        await asyncio.gather(*(process.kill9() for process in running))
        self.folder.unlock()

    def _running(self, name: str) -> ManagedProcess | None:
        try:
            process = self.parts[name].process
        except StartupError:  # it was never started
            return None
        return process if process.running else None

    async def _start_parts(self, on_ready: Callable[[str], None]) -> None:
        started = {name: asyncio.Event() for name in self.parts}

        async def start(name: str) -> None:
            if name == "envoy":  # it would wait a second before it asked a control plane again that was not there
                await started["xds-1"].wait()
            if name in self.comment_services and self.cassandra is not None:
                await started["cassandra"].wait()
            await self.parts[name].start()
            started[name].set()
            on_ready(name)

        # First and alone: a client that finds it half started hangs for seconds.
        await start("zookeeper")
        try:
            async with asyncio.TaskGroup() as group:
                for name in list(self.parts)[1:]:
                    group.create_task(start(name))
        except* StartupError as errors:
            raise _first(errors) from None

    async def _wait_routed(self) -> None:
        """Envoy takes a node in once it has answered a health check."""
        expected = {RMS: len(self.rms), COMMENT_SERVICE: len(self.comment_services)}
        gauges = {f"cluster.{cluster}.membership_healthy": count for cluster, count in expected.items()}

        async def all_healthy() -> bool:
            return gauges.items() <= (await self.envoy.stats("cluster")).items()

        await self.envoy.process.wait_ready(all_healthy, deadline_s=ROUTED_DEADLINE_S)

    def _own_cassandra(self, joins: LocalCluster | None) -> CassandraServer | None:
        named = self.options.settings.get(CONTACT_POINTS) or os.environ.get(CONTACT_POINTS)
        if self.options.store != "cassandra" or named:
            return None
        return CassandraServer(
            self.folder.cassandra,
            dc=self.dc,
            host=self.options.cassandra_host,
            options=self.options.cassandra,
            joins=None if joins is None else joins.cassandra,
        )

    def _nodes(self, process: str, count: int) -> dict[str, Node]:
        on_cassandra = process == "comment-service" and self.cassandra is not None
        deadline_s = ON_CASSANDRA_DEADLINE_S if on_cassandra else READY_DEADLINE_S
        logs = self.folder.path / "logs"
        made = (
            Node(process, number, settings=self._settings, log_folder=logs, deadline_s=deadline_s)
            for number in range(1, count + 1)
        )
        return {node.name: node for node in made}

    def _shared_settings(self) -> dict[str, str]:
        """What all nodes are told; what the options and this process's environment say goes first."""
        settings = {
            "LIVECOMMENTS_ZOOKEEPER": self.zookeeper.hosts,
            "LIVECOMMENTS_DATA": str(self.folder.path),
            STORE: self.options.store,
            **(self.cassandra.settings if self.cassandra else {}),
            # Of no effect but with LIVECOMMENTS_POST_NEEDS_TICKET.
            "LIVECOMMENTS_TICKET_SECRETS": os.environ.get("LIVECOMMENTS_TICKET_SECRETS") or self._ticket_secret(),
            **self.options.settings,
        }
        if not any(os.environ.get(name) or name in settings for name in KEY_FILES):
            secret = settings.setdefault("LIVECOMMENTS_COMMENT_SERVICE_JWT_SECRET", self.options.jwt_secret)
            settings.setdefault("LIVECOMMENTS_RMS_JWT_SECRET", secret)
            settings.setdefault("LIVECOMMENTS_COMMENT_SERVICE_DEV_TOKENS", "true")
        return settings

    def _ticket_secret(self) -> str:
        return hashlib.sha256(b"tickets " + self.options.jwt_secret.encode()).hexdigest()

    def _envoy_settings(self) -> EnvoySettings:
        given = {
            field: self.options.settings.get(env_name(EnvoySettings, field)) for field in EnvoySettings.model_fields
        }
        # This machine alone: whoever reaches the page may post in any name, with a development token.
        host = os.environ.get("LIVECOMMENTS_ENVOY_HOST", HOST)
        port = self.options.port or free_port()
        addresses = {"xds": self.xds.address("PORT"), "admin_port": free_port(), "port": port}
        return load(EnvoySettings, {"host": host, **given, **addresses})

    def _cluster_file(self) -> ClusterFile:
        return ClusterFile(
            url=self.url,
            dc=self.dc,
            zookeeper=self.zookeeper.hosts,
            jwt_secret=self.options.jwt_secret,
            dispatchers={name: node.address("GRPC_PORT") for name, node in self.dispatchers.items()},
            nodes={name: node.admin for name, node in self.nodes.items()},
        )


def _first(errors: BaseExceptionGroup[StartupError]) -> StartupError:
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
