"""The session on a real ZooKeeper: what an operator sees at start, and what an outage does to it."""

from __future__ import annotations

import asyncio
import shutil

import pytest

from coordination.config import ClusterConstants
from coordination.errors import CoordinationError, NodeExistsError, NoNodeError, NotConnectedError
from coordination.kazoo_client import Create, Delete
from coordination.session import SessionState, ZooKeeperSession
from ops.local_cluster.ports import free_port
from ops.local_cluster.zookeeper import Ensemble, ZooKeeperServer
from tests.integration.coordination.conftest import Sessions
from tests.support.eventually import eventually


async def test_a_wrong_address_is_a_clear_error(sessions: Sessions) -> None:
    port = free_port()
    session = sessions(f"127.0.0.1:{port}", start_timeout_s=0.5)
    with pytest.raises(CoordinationError, match=rf"cannot be reached: 127\.0\.0\.1:{port}: .*\S"):
        await session.start()


@pytest.mark.parametrize("hosts", ["127.0.0.1:port", "", ":2181"])
async def test_a_malformed_address_is_a_clear_error(sessions: Sessions, hosts: str) -> None:
    with pytest.raises(CoordinationError, match="is not host:port"):
        await sessions(hosts).start()


async def test_a_server_that_hangs_is_a_clear_error(sessions: Sessions, own_zookeeper: ZooKeeperServer) -> None:
    own_zookeeper.process.pause()
    with pytest.raises(CoordinationError, match="accepts connections but no session"):
        await sessions(own_zookeeper.hosts, start_timeout_s=0.5).start()
    own_zookeeper.process.resume()


async def test_a_wrong_password_is_a_clear_error(sessions: Sessions, own_zookeeper: ZooKeeperServer) -> None:
    right = sessions(own_zookeeper.hosts, user="livecomments", password="right")
    await right.start()
    with pytest.raises(CoordinationError, match="refuses the user 'livecomments' with this password"):
        await sessions(own_zookeeper.hosts, user="livecomments", password="wrong").start()
    with pytest.raises(CoordinationError, match="refuses a client without a password"):
        await sessions(own_zookeeper.hosts).start()
    again = sessions(own_zookeeper.hosts, user="livecomments", password="right")
    await again.start()
    assert again.state is SessionState.CONNECTED


async def test_a_node_with_other_constants_refuses_to_start(session: ZooKeeperSession, sessions: Sessions) -> None:
    other = sessions(session.hosts, constants=ClusterConstants(route_buckets=512))
    with pytest.raises(CoordinationError, match="route_buckets is 512 here and 1024 there"):
        await other.start()
    assert other.state is SessionState.LOST


async def test_many_nodes_may_be_the_first(sessions: Sessions, zookeeper: ZooKeeperServer) -> None:
    first = [sessions(zookeeper.hosts) for _ in range(4)]
    await asyncio.gather(*(session.start() for session in first))
    names, _ = await first[0].children(first[0].paths.routes)
    assert len(names) == 1024


async def test_requests_and_their_errors(session: ZooKeeperSession) -> None:
    path = f"{session.paths.dc}/a"
    await session.create(path, b"1")
    assert (await session.get(path))[0] == b"1"
    with pytest.raises(NodeExistsError):
        await session.create(path)
    with pytest.raises(NoNodeError):
        await session.get(f"{path}/b")
    with pytest.raises(CoordinationError, match="operation 1 of a transaction failed"):
        await session.multi([Create(f"{path}/b"), Delete(f"{path}/c")])
    assert (await session.children(path))[0] == []
    await session.delete(path)


async def test_start_and_aclose_may_be_called_twice(session: ZooKeeperSession) -> None:
    await session.start()
    await session.aclose()
    await session.aclose()
    with pytest.raises(NotConnectedError):
        await session.get(session.paths.config)


async def test_a_restarted_server_suspends_the_session_and_gives_it_back(
    sessions: Sessions, own_zookeeper: ZooKeeperServer
) -> None:
    session = sessions(own_zookeeper.hosts, session_timeout_s=8.0)
    await session.start()
    session_id = session.session_id
    states: list[SessionState] = []
    unsubscribe = session.on_state(states.append)
    await own_zookeeper.stop()
    await eventually(lambda: session.state is SessionState.SUSPENDED)
    with pytest.raises(NotConnectedError):
        await session.get(session.paths.config)
    await own_zookeeper.start()
    await eventually(lambda: session.state is SessionState.CONNECTED)
    assert states == [SessionState.SUSPENDED, SessionState.CONNECTED]
    assert session.session_id == session_id
    assert session.generation == 0
    unsubscribe()


async def test_a_session_suspended_for_longer_than_its_timeout_may_be_over(
    sessions: Sessions, own_zookeeper: ZooKeeperServer
) -> None:
    now_s = 100.0
    session = sessions(own_zookeeper.hosts, session_timeout_s=8.0, clock=lambda: now_s)
    await session.start()
    await own_zookeeper.stop()
    await eventually(lambda: session.state is SessionState.SUSPENDED)
    now_s += 8.0
    assert not session.may_be_over
    now_s += 0.1
    assert session.may_be_over
    await own_zookeeper.start()
    await eventually(lambda: session.state is SessionState.CONNECTED)
    assert not session.may_be_over


async def test_a_client_that_zookeeper_refuses_for_ever_is_replaced(
    sessions: Sessions, own_zookeeper: ZooKeeperServer
) -> None:
    """Data wiped under a live client: the server has seen less than the client, and turns it away."""
    session = sessions(own_zookeeper.hosts, suspended_limit_s=1.0)
    await session.start()
    epoch = session.data_epoch
    for number in range(20):
        await session.create(f"{session.paths.dc}/more-{number}")
    await own_zookeeper.stop()
    shutil.rmtree(own_zookeeper.folder / "data")
    await own_zookeeper.start()
    await eventually(lambda: session.state is SessionState.CONNECTED, timeout_s=20)
    assert session.stats.clients_replaced == 1
    assert session.data_epoch != epoch
    names, _ = await session.children(session.paths.routes)
    assert len(names) == 1024


async def test_an_ensemble_keeps_the_session_when_its_leader_is_killed(sessions: Sessions, ensemble: Ensemble) -> None:
    session = sessions(ensemble.hosts, session_timeout_s=8.0)
    await session.start()
    await session.create(f"{session.paths.dc}/mine", ephemeral=True)
    session_id = session.session_id
    leader = await ensemble.leader()
    assert leader is not None
    await leader.process.kill9()

    async def writable() -> bool:
        try:
            await session.multi([Create(f"{session.paths.dc}/after")])
        except NotConnectedError:
            return False
        return True

    _: bool = await eventually(writable, timeout_s=20, what="the ensemble takes writes again")
    assert session.session_id == session_id
    await session.get(f"{session.paths.dc}/mine")
