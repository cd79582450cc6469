"""Sessions on the real ZooKeeper that end with the test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from coordination.session import ZooKeeperSession
from ops.local_cluster.zookeeper import ZooKeeperServer

Sessions = Callable[..., ZooKeeperSession]

SESSION_TIMEOUT_S = 1.5


@pytest.fixture
async def sessions(dc: str) -> AsyncIterator[Sessions]:
    """Makes sessions, not started yet: ``sessions(server.hosts, **settings)``."""
    made: list[ZooKeeperSession] = []

    def make(hosts: str, **settings: object) -> ZooKeeperSession:
        options: dict[str, object] = {"dc": dc, "session_timeout_s": SESSION_TIMEOUT_S, **settings}
        made.append(ZooKeeperSession(hosts, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for session in made:
        await session.aclose()


@pytest.fixture
async def session(sessions: Sessions, zookeeper: ZooKeeperServer) -> ZooKeeperSession:
    """A started session with the shared ZooKeeper."""
    session = sessions(zookeeper.hosts)
    await session.start()
    return session
