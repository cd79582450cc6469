"""What all tests share: one real ZooKeeper for the session, and a data centre of its own for each test."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator

import pytest

from ops.local_cluster.zookeeper import Ensemble, ZooKeeperServer
from tests.support.zookeeper import FAST


@pytest.fixture(scope="session")
def zookeeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZooKeeperServer]:
    """A real ZooKeeper that all tests share. A test that stops or pauses one takes ``own_zookeeper``."""
    server = ZooKeeperServer(tmp_path_factory.mktemp("zookeeper"), options=FAST)
    asyncio.run(server.start())
    yield server
    asyncio.run(server.stop())


@pytest.fixture
def own_zookeeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZooKeeperServer]:
    """A real ZooKeeper for one test alone, which may stop, pause, kill and restart it."""
    server = ZooKeeperServer(tmp_path_factory.mktemp("own-zookeeper"), options=FAST)
    asyncio.run(server.start())
    yield server
    asyncio.run(server.stop())


@pytest.fixture
def ensemble(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ensemble]:
    """Three real ZooKeepers for one test alone."""
    servers = Ensemble(tmp_path_factory.mktemp("ensemble"), options=FAST)
    asyncio.run(servers.start())
    yield servers
    asyncio.run(servers.stop())


@pytest.fixture
def dc() -> str:
    """The name of a data centre that no other test uses."""
    return f"dc-{uuid.uuid4().hex[:12]}"
