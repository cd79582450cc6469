from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ops.local_cluster.zookeeper import ZooKeeperServer
from tests.integration.dispatcher.dispatch import Dispatch


@pytest.fixture
async def dispatch(zookeeper: ZooKeeperServer, dc: str, tmp_path: Path) -> AsyncIterator[Dispatch]:
    """A data centre without any node yet."""
    dispatch = Dispatch(zookeeper, dc, tmp_path)
    yield dispatch
    await dispatch.aclose()


@pytest.fixture
async def own_dispatch(own_zookeeper: ZooKeeperServer, dc: str, tmp_path: Path) -> AsyncIterator[Dispatch]:
    """The same with a ZooKeeper that the test may stop."""
    dispatch = Dispatch(own_zookeeper, dc, tmp_path)
    yield dispatch
    await dispatch.aclose()
