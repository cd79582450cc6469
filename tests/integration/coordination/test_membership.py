"""Who is there, as others see it: joining, draining, ghosts, twins and outages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coordination.errors import NoNodeError
from coordination.membership import Membership, MembershipView, NodeRecord, Nodes, Role
from coordination.session import SessionState, ZooKeeperSession
from ops.local_cluster.zookeeper import ZooKeeperServer
from tests.integration.coordination.conftest import Sessions
from tests.support.eventually import eventually

RECORD = NodeRecord("rms-1", "boot-a", http="h:1", grpc="h:2", admin="h:3", capacity=100, started_ms=1000)


async def started(sessions: Sessions, hosts: str, **settings: object) -> ZooKeeperSession:
    session = sessions(hosts, **settings)
    await session.start()
    return session


async def view_of(session: ZooKeeperSession, role: Role = Role.RMS) -> MembershipView:
    view = MembershipView(session, role)
    await view.start()
    return view


async def test_nodes_come_and_go_and_have_their_role(session: ZooKeeperSession, sessions: Sessions) -> None:
    view = await view_of(session)
    others = await view_of(session, Role.DISPATCHER)
    seen: list[Nodes] = []
    view.on_change(seen.append)
    member = Membership(await started(sessions, session.hosts), Role.RMS, RECORD)
    await member.start()
    await eventually(lambda: dict(view.nodes) == {"rms-1": RECORD})
    assert seen == [{"rms-1": RECORD}]
    assert others.nodes == {}
    await member.aclose()
    await member.aclose()
    await eventually(lambda: not view.nodes)


async def test_a_draining_node_takes_no_work_but_is_still_there(session: ZooKeeperSession, sessions: Sessions) -> None:
    member = Membership(await started(sessions, session.hosts), Role.RMS, RECORD)
    await member.start()
    view = await view_of(session)
    everybody = MembershipView(session, Role.RMS, include_draining=True)
    await everybody.start()
    await member.leave()
    await eventually(lambda: not view.nodes)
    await eventually(lambda: everybody.nodes["rms-1"] == replace(RECORD, draining=True))


async def test_the_end_of_a_session_ends_the_membership(session: ZooKeeperSession, sessions: Sessions) -> None:
    owner = await started(sessions, session.hosts)
    await Membership(owner, Role.RMS, RECORD).start()
    view = await view_of(session)
    assert view.nodes
    await owner.aclose()
    await eventually(lambda: not view.nodes)


async def test_a_restarted_node_takes_over_from_its_ghost(session: ZooKeeperSession, sessions: Sessions) -> None:
    ghost = await started(sessions, session.hosts)
    await ghost.create(ghost.paths.member(Role.RMS, "rms-1"), RECORD.to_bytes(), ephemeral=True)
    view = await view_of(session)
    assert view.nodes["rms-1"].boot_id == "boot-a"
    member = Membership(
        await started(sessions, session.hosts), Role.RMS, replace(RECORD, boot_id="boot-b", started_ms=2000)
    )
    await member.start()
    assert member.registered
    await eventually(lambda: view.nodes["rms-1"].boot_id == "boot-b")
    await ghost.aclose()
    await session.get(session.paths.config)
    assert view.nodes["rms-1"].boot_id == "boot-b"


async def test_of_two_living_nodes_with_one_id_the_later_has_it_and_the_other_stands_by(
    session: ZooKeeperSession, sessions: Sessions
) -> None:
    first = Membership(await started(sessions, session.hosts), Role.RMS, RECORD)
    await first.start()
    displaced: list[NodeRecord | None] = []
    first.on_displaced(displaced.append)
    view = MembershipView(session, Role.RMS, include_draining=True)
    await view.start()
    changes: list[Nodes] = []
    view.on_change(changes.append)

    later = replace(RECORD, boot_id="boot-b", started_ms=2000)
    second = Membership(await started(sessions, session.hosts), Role.RMS, later)
    await second.start()
    await eventually(lambda: first.displaced_by == later)
    assert (first.registered, second.registered) == (False, True)
    assert displaced == [later]
    await second.leave()  # a change at which the first one looks again
    await eventually(lambda: first.displaced_by == replace(later, draining=True))
    await eventually(lambda: view.nodes["rms-1"].draining)
    assert {change["rms-1"].boot_id for change in changes} == {"boot-b"}, "nobody fights"
    assert len(displaced) == 1

    await second.aclose()
    await eventually(lambda: first.registered and first.displaced_by is None)
    assert displaced == [later, None]
    await eventually(lambda: view.nodes.get("rms-1") == RECORD)


async def test_a_membership_that_somebody_deletes_is_put_back(session: ZooKeeperSession, sessions: Sessions) -> None:
    await Membership(await started(sessions, session.hosts), Role.RMS, RECORD).start()
    path = session.paths.member(Role.RMS, "rms-1")
    for _ in range(2):
        _, deleted = await session.get(path)
        await session.delete(path)

        async def is_back(czxid: int = deleted.czxid) -> bool:
            try:
                return (await session.get(path))[1].czxid > czxid
            except NoNodeError:
                return False

        _back: bool = await eventually(is_back)


async def test_records_that_cannot_be_read_are_passed_over(session: ZooKeeperSession, sessions: Sessions) -> None:
    await session.create(session.paths.member(Role.RMS, "broken"), b"\xff", ephemeral=True)
    await Membership(await started(sessions, session.hosts), Role.RMS, RECORD).start()
    view = await view_of(session)
    assert list(view.nodes) == ["rms-1"]


async def test_an_outage_leaves_the_last_known_good_nodes(sessions: Sessions, own_zookeeper: ZooKeeperServer) -> None:
    session = await started(sessions, own_zookeeper.hosts, session_timeout_s=8.0)
    member = Membership(await started(sessions, own_zookeeper.hosts, session_timeout_s=8.0), Role.RMS, RECORD)
    await member.start()
    view = await view_of(session)
    changes: list[Nodes] = []
    view.on_change(changes.append)
    await own_zookeeper.stop()
    await eventually(lambda: session.state is SessionState.SUSPENDED)
    await member.leave()
    assert dict(view.nodes) == {"rms-1": RECORD}
    await own_zookeeper.start()
    await eventually(lambda: not view.nodes, timeout_s=20, what="leaving during the outage is told after it")
    assert changes == [{}]


@pytest.mark.parametrize("name", ["a/b", "", "a~b"])
async def test_ids_that_would_break_a_path_are_refused(session: ZooKeeperSession, name: str) -> None:
    with pytest.raises(ValueError, match="node's ids"):
        Membership(session, Role.RMS, replace(RECORD, node_id=name))
