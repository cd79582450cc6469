"""What ``ops.bench.posting`` measures on: a cluster, a bare handler, and the store in this process."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

from prometheus_client import CollectorRegistry

from comment_service.metrics import CommentServiceMetrics
from comment_service.rates import Rates, SlidingWindows
from comment_service.services import Services, build_services
from comment_service.settings import CommentServiceSettings
from comment_service.store import Store
from comment_service.stores import build_store
from coordination.ids import CommentIds
from livecomments.v1 import event_pb2
from ops.bench._bare_tornado import KEY_VARIABLE
from ops.client import HttpClient
from ops.client.errors import ClientError
from ops.local_cluster.cluster import ClusterOptions, LocalCluster
from ops.local_cluster.layout import DataFolder
from ops.local_cluster.ports import free_port
from ops.local_cluster.process import ManagedProcess
from service_kit.auth.identity import Identity
from service_kit.auth.keys import OneKey
from service_kit.auth.tokens import TokenVerifier, sign
from service_kit.settings import load

VIDEOS = [f"bench-{number}" for number in range(8)]
USERS = 200
# Counted, and never reached.
_ALLOWANCES = {
    f"LIVECOMMENTS_COMMENT_SERVICE_RATE_{name}": "1000000/second"
    for name in ("POSTS_PER_USER", "POSTS_PER_VIDEO", "PER_ADDRESS")
}


class Nowhere:
    """Stands in for the publisher of the use case in this process."""

    def publish(self, event: event_pb2.Event) -> None:
        """Nobody listens."""


class PostingStage:
    """``local``: the use cases in this process, on ``store``, a database of its own."""

    def __init__(self, folder: Path, store: Literal["sqlite", "cassandra"], services: int) -> None:
        options = ClusterOptions(
            rms=1,
            dispatchers=1,
            comment_services=services,
            port=0,
            store=store,
            settings={"LIVECOMMENTS_LOG_LEVEL": "warning", **_ALLOWANCES},
        )
        self.cluster = LocalCluster(DataFolder(folder / "cluster"), options)
        self.secret = options.jwt_secret
        self.tokens = [
            sign(Identity(f"u-{n}", f"User {n}"), self.secret, lifetime_s=86_400).token for n in range(USERS)
        ]
        service = Identity("bench", "Bench", frozenset({"service"}))
        self.service_token = sign(service, self.secret, lifetime_s=86_400).token
        self.bare_port = free_port()
        command = (sys.executable, "-P", "-m", "ops.bench._bare_tornado", str(self.bare_port))
        log_file, env = folder / "bare.log", {KEY_VARIABLE: self.secret}
        self.bare = ManagedProcess("bare", command, log_file=log_file, env=env)
        self._folder = folder
        self._store_name = store
        self.store: Store
        self.local: Services

    @property
    def service_pids(self) -> list[int]:
        return [pid for node in self.cluster.comment_services.values() if (pid := node.process.pid) is not None]

    @property
    def store_pids(self) -> list[int]:
        """Of a store that is a process of its own."""
        cassandra = self.cluster.cassandra
        return [pid] if cassandra is not None and (pid := cassandra.process.pid) is not None else []

    async def start(self) -> None:
        await self.cluster.start()
        await self.bare.start()
        await self.bare.wait_ready(self._bare_answers, deadline_s=20)
        given: dict[str, object] = {
            "jwt_secret": self.secret,
            "data": self._folder / "local",
            "store": self._store_name,
        }
        if self.cluster.cassandra is not None:
            given |= {"cassandra_port": self.cluster.cassandra.port, "cassandra_local_dc": self.cluster.dc}
        given |= dict.fromkeys(("rate_posts_per_user", "rate_posts_per_video", "rate_per_address"), "1000000/second")
        settings = load(CommentServiceSettings, given)
        registry = CollectorRegistry()
        metrics = CommentServiceMetrics(registry)
        self.store = build_store(settings, metrics, registry)
        await self.store.start()
        self.local = build_services(
            self.store,
            CommentIds(0, 127).next,
            Nowhere(),
            TokenVerifier(OneKey.from_secret(self.secret)),
            metrics,
            rates=Rates(settings.allowances, SlidingWindows(settings.rate_keys)),
        )

    async def aclose(self) -> None:
        if hasattr(self, "store"):
            await self.store.aclose()
        await self.bare.stop(grace_s=1)
        await self.cluster.stop()

    async def _bare_answers(self) -> bool:
        async with HttpClient(f"http://127.0.0.1:{self.bare_port}", timeout_s=1) as http:
            try:
                return (await http.request("GET", "/")).status == 404
            except ClientError:
                return False
