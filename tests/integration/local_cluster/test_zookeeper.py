"""ZooKeeper servers as the local cluster and the tests run them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.local_cluster.zookeeper import (
    Ensemble,
    ZooKeeperMissingError,
    ZooKeeperServer,
    find_jars,
    find_java,
)
from tests.support.eventually import eventually
from tests.support.zookeeper import FAST


async def test_a_restarted_server_serves_on_the_same_port(own_zookeeper: ZooKeeperServer) -> None:
    port, pid = own_zookeeper.port, own_zookeeper.process.pid
    await own_zookeeper.restart()
    assert own_zookeeper.port == port
    assert own_zookeeper.process.pid != pid
    assert await own_zookeeper.mode() == "standalone"


async def test_an_ensemble_elects_another_leader(tmp_path: Path) -> None:
    ensemble = Ensemble(tmp_path, options=FAST)
    await ensemble.start()
    try:
        first = await ensemble.leader()
        assert first is not None
        await first.process.kill9()

        async def has_leader() -> bool:
            return await ensemble.leader() is not None

        _: bool = await eventually(has_leader, timeout_s=20, what="another leader")
    finally:
        await ensemble.stop()


def test_no_java_is_a_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(ZooKeeperMissingError, match=r"needs Java.*apt-get install"):
        find_java()
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ZooKeeperMissingError, match="none on the path"):
        find_java()


def test_no_zookeeper_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ZooKeeperMissingError, match=r"zookeeper\.jar is missing.*apt-get install"):
        find_jars(tmp_path)
