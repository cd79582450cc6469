"""A real cluster for tests: every process real, each within a test's reach."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from livecomments.v1 import dispatcher_pb2, dispatcher_pb2_grpc
from ops.commands.tokens import Role, Signer
from ops.local_cluster.cluster import ClusterOptions, LocalCluster
from ops.local_cluster.data_centres import DataCentres
from ops.local_cluster.layout import DataFolder
from ops.local_cluster.node import Node
from ops.local_cluster.samples import Samples, scrape
from service_kit.grpc_client import open_channel
from tests.support.cassandra import DURABLE, require_cassandra
from tests.support.eventually import eventually
from tests.support.zookeeper import FAST

# A node may have hundreds of viewers to serve, on a processor that is not its alone.
BUSY_S = 30.0
UNLIMITED = {
    f"COMMENT_SERVICE_RATE_{name}": ""
    for name in ("POSTS_PER_USER", "POSTS_PER_VIDEO", "REACTIONS_PER_USER", "REPORTS_PER_USER", "UPLOADS_PER_USER")
}


class Cluster(LocalCluster):
    """A local cluster on free ports, and what tests ask of it. Nobody restarts what a test kills."""

    async def token(self, user: str, name: str | None = None, *, role: Role = "viewer") -> str:
        """A token that its comment services accept."""
        return Signer(self.options.jwt_secret).sign(user, name, role)

    async def describe_routes(self, dispatcher: str, video: str = "") -> dispatcher_pb2.DescribeRoutesResponse:
        """What a dispatcher (``dispatcher-1``) knows of a video's routes, or of all."""
        async with open_channel(self.dispatchers[dispatcher].address("GRPC_PORT")) as channel:
            request = dispatcher_pb2.DescribeRoutesRequest(live_video_id=video)
            answer: dispatcher_pb2.DescribeRoutesResponse
            answer = await dispatcher_pb2_grpc.DispatcherStub(channel).DescribeRoutes(request, timeout=5)
            return answer

    async def admin_metrics(self, node: str) -> Samples:
        """The metrics of one of its own nodes (``rms-1``), however busy it is."""
        return await scrape(self.nodes[node].admin, timeout_s=BUSY_S)

    async def serving(self) -> list[Node]:
        """The RMS nodes that have viewers."""
        return [
            node
            for node in self.rms.values()
            if (await self.admin_metrics(node.name)).total("livecomments_rms_viewers")
        ]

    async def until_none_is_behind(self, rms: str) -> None:
        """Waits until every viewer of an RMS (``rms-1``) that fell behind has caught up or was closed."""

        async def caught_up() -> bool:
            return not (await self.admin_metrics(rms)).total("livecomments_rms_laggards")

        await eventually(caught_up, timeout_s=60, what="who reads again catches up")


def options_for_tests(rms: int, dispatchers: int, store: str, settings: dict[str, str]) -> ClusterOptions:
    """As ``running_cluster``."""
    if store == "cassandra":
        require_cassandra()
    return ClusterOptions(
        rms=rms,
        dispatchers=dispatchers,
        port=0,
        settings={f"LIVECOMMENTS_{name}": value for name, value in (UNLIMITED | settings).items()},
        zookeeper=FAST,
        store="cassandra" if store == "cassandra" else "sqlite",
        cassandra=DURABLE,
    )


@contextmanager
def running(cluster: LocalCluster | DataCentres[Cluster]) -> Iterator[None]:
    """It is up for the length of the ``with``, and nothing of it is left after that."""
    asyncio.run(cluster.start())
    try:
        yield
    finally:
        asyncio.run(cluster.stop())
        asyncio.run(cluster.kill())


@contextmanager
def running_cluster(
    folder: Path, *, rms: int = 3, dispatchers: int = 2, store: str = "sqlite", **settings: str
) -> Iterator[Cluster]:
    """A cluster for the length of the ``with``; ``settings`` by their variable's name without ``LIVECOMMENTS_``.

    Nothing limits how fast one user may post, as tests do.
    """
    cluster = Cluster(DataFolder(folder), options_for_tests(rms, dispatchers, store, settings))
    with running(cluster):
        yield cluster
