"""An RMS on real ZooKeeper, real gRPC and real sockets, with a real store behind a comment service's gRPC edge."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from comment_service.store.sqlite import SqliteLimits, SqliteStore
from coordination.session import ZooKeeperSession
from ops.local_cluster.zookeeper import ZooKeeperServer
from rms.server import RmsServer
from rms.settings import RmsSettings
from tests.integration.rms.node import CommentNode, Dispatch
from tests.support.viewers import Viewer

StartRms = Callable[..., Awaitable[RmsServer]]
Watch = Callable[..., Coroutine[Any, Any, Viewer]]
Connect = Callable[[RmsServer], Dispatch]


@pytest.fixture
async def session(zookeeper: ZooKeeperServer, dc: str) -> AsyncIterator[ZooKeeperSession]:
    """The session of everything in a test that is not the RMS."""
    session = ZooKeeperSession(zookeeper.hosts, dc=dc)
    await session.start()
    yield session
    await session.aclose()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path / "comments.sqlite3", SqliteLimits())
    await store.start()
    yield store
    await store.aclose()


@pytest.fixture
async def comment_node(store: SqliteStore, session: ZooKeeperSession) -> AsyncIterator[CommentNode]:
    node = CommentNode(store, session)
    await node.start()
    yield node
    await node.aclose()


@pytest.fixture
async def start_rms(zookeeper: ZooKeeperServer, dc: str) -> AsyncIterator[StartRms]:
    """Starts an RMS with ``settings`` over the test's own."""
    servers: list[RmsServer] = []

    async def start(**settings: object) -> RmsServer:
        given = {"zookeeper": zookeeper.hosts, "dc": dc, "zookeeper_session_timeout_s": 1.0, "retry_ms": 100}
        server = RmsServer(RmsSettings(**(given | settings)))  # type: ignore[arg-type]
        servers.append(server)
        await server.start()
        return server

    yield start
    for server in servers:
        await server.aclose()


@pytest.fixture
async def rms(comment_node: CommentNode, start_rms: StartRms) -> RmsServer:
    return await start_rms()


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Opens a Deliver stream to an RMS."""
    streams: list[Dispatch] = []

    def connect(server: RmsServer) -> Dispatch:
        streams.append(Dispatch(server.grpc.port))
        return streams[-1]

    yield connect
    for stream in streams:
        await stream.aclose()


@pytest.fixture
async def watch() -> AsyncIterator[Watch]:
    """Opens a viewer's stream at an RMS and waits for its first bytes."""
    viewers: list[Viewer] = []

    async def watch(
        server: RmsServer, video: str = "match-42", *, query: str = "", headers: dict[str, str] | None = None
    ) -> Viewer:
        viewer = Viewer(f"http://127.0.0.1:{server.http.port}", video, query=query, headers=headers)
        viewers.append(viewer)
        return await viewer.open()

    yield watch
    for viewer in viewers:
        viewer.close()
