"""From a node's registration in ZooKeeper to the viewers that Envoy sends it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from coordination.membership import Membership, Role
from coordination.session import SessionState, ZooKeeperSession
from lb.envoy.clusters import COMMENT_SERVICE, RMS
from lb.envoy.server import ControlPlaneServer
from lb.envoy.settings import XdsSettings
from ops.local_cluster.envoy import EnvoyServer
from ops.local_cluster.ports import free_port
from ops.local_cluster.zookeeper import ZooKeeperServer
from service_kit.errors import StartupError
from service_kit.settings import load
from tests.support.backend import Backend
from tests.support.envoy import Viewers, envoy_settings
from tests.support.eventually import eventually


def xds_settings(zookeeper: ZooKeeperServer, dc: str, port: int = 0) -> XdsSettings:
    fields = {"zookeeper": zookeeper.hosts, "dc": dc, "port": port, "zookeeper_session_timeout_s": 2.0}
    return load(XdsSettings, fields)


class Cluster(Viewers):
    """Backends that register themselves, a control plane and Envoy: started in this order."""

    def __init__(self, zookeeper: ZooKeeperServer, dc: str, folder: Path) -> None:
        self.xds = xds_settings(zookeeper, dc, free_port())
        self.control_plane = ControlPlaneServer(self.xds)
        super().__init__(EnvoyServer(folder / "envoy", envoy_settings(self.xds.port)))
        self.session = ZooKeeperSession(zookeeper.hosts, dc=dc, session_timeout_s=2.0)
        self.members: dict[str, Membership] = {}
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        self._stack.push_async_callback(self.session.aclose)
        await self.session.start()
        self._stack.push_async_callback(self.close_control_plane)
        await self.control_plane.start()
        self._stack.push_async_callback(self.envoy.stop)
        await self.envoy.start()

    async def add(self, role: Role, node_id: str) -> Backend:
        backend = Backend(node_id, "h2" if role is Role.RMS else "http1")
        self._stack.push_async_callback(backend.aclose)
        await backend.start()
        self.members[node_id] = Membership(self.session, role, backend.record)
        self._stack.push_async_callback(self.members[node_id].aclose)
        await self.members[node_id].start()
        return backend

    async def close_control_plane(self) -> None:
        await self.control_plane.aclose()

    async def aclose(self) -> None:
        self.leave()
        await self._stack.aclose()

    async def nodes(self, cluster: str) -> set[str]:
        """The healthy nodes of a cluster as Envoy has them."""
        lines = (await self.envoy.admin(f"/clusters?filter={cluster}")).splitlines()
        rows = [line.split("::") for line in lines]
        healthy = {row[1] for row in rows if row[0] == cluster and row[2:] == ["health_flags", "healthy"]}
        return {row[3] for row in rows if row[0] == cluster and row[2] == "hostname" and row[1] in healthy}

    async def knows(self, cluster: str, *nodes: str) -> None:
        """Waits until these are the healthy nodes of a cluster."""

        async def are_those() -> bool:
            return await self.nodes(cluster) == set(nodes)

        def condition() -> bool | Awaitable[bool]:
            return are_those()

        await eventually(condition, what=f"{cluster} is {nodes}")


@pytest.fixture
async def cluster(own_zookeeper: ZooKeeperServer, dc: str, tmp_path: Path) -> AsyncIterator[Cluster]:
    cluster = Cluster(own_zookeeper, dc, tmp_path)
    try:
        await cluster.start()
        yield cluster
    finally:
        await cluster.aclose()


async def test_a_node_gets_viewers_as_soon_as_it_registers_and_none_once_it_leaves(cluster: Cluster) -> None:
    assert (await cluster.request("GET", "/comments/match/stream")).body.startswith(b"retry: 3")
    first = await cluster.add(Role.RMS, "rms-1")
    await cluster.knows(RMS, "rms-1")
    assert (await cluster.watch("/comments/match/stream"))[0] == "rms-1"
    await cluster.add(Role.RMS, "rms-2")
    await cluster.knows(RMS, "rms-1", "rms-2")
    await cluster.members["rms-1"].leave()
    await cluster.knows(RMS, "rms-2")
    assert (await cluster.watch("/comments/match/stream"))[0] == "rms-2"
    assert len(first.streams) == 1, "a draining node keeps the viewers it has"


async def test_comment_services_are_found_too(cluster: Cluster) -> None:
    await cluster.add(Role.COMMENT_SERVICE, "comment-service-1")
    await cluster.knows(COMMENT_SERVICE, "comment-service-1")
    assert (await cluster.request("POST", "/comments/match", body=b"{}")).node == "comment-service-1"


async def test_an_outage_of_zookeeper_changes_nothing(cluster: Cluster, own_zookeeper: ZooKeeperServer) -> None:
    await cluster.add(Role.RMS, "rms-1")
    await cluster.knows(RMS, "rms-1")
    await own_zookeeper.stop()
    await eventually(lambda: cluster.session.state is not SessionState.CONNECTED)
    await cluster.envoy.restart()
    await cluster.knows(RMS, "rms-1")
    assert (await cluster.watch("/comments/match/stream"))[0] == "rms-1", "also for an Envoy that knew nothing"
    await own_zookeeper.start()
    await eventually(lambda: cluster.session.state is SessionState.CONNECTED)
    await cluster.add(Role.RMS, "rms-2")
    await cluster.knows(RMS, "rms-1", "rms-2")


async def test_envoy_goes_on_without_the_control_plane_and_finds_the_next_one(cluster: Cluster) -> None:
    await cluster.add(Role.RMS, "rms-1")
    await cluster.knows(RMS, "rms-1")
    await cluster.close_control_plane()
    await cluster.add(Role.RMS, "rms-2")
    assert (await cluster.watch("/comments/match/stream"))[0] == "rms-1"
    cluster.control_plane = ControlPlaneServer(cluster.xds)
    await cluster.control_plane.start()
    await cluster.knows(RMS, "rms-1", "rms-2")


async def test_a_control_plane_without_zookeeper_does_not_start(own_zookeeper: ZooKeeperServer, dc: str) -> None:
    """Or it would tell every Envoy that there is nobody."""
    await own_zookeeper.stop()
    control_plane = ControlPlaneServer(xds_settings(own_zookeeper, dc))
    with pytest.raises(StartupError, match=own_zookeeper.hosts):
        await control_plane.start()
    await control_plane.aclose()
