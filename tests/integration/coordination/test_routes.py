"""Routes on a real ZooKeeper: registered, followed, and right again after every kind of failure."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from coordination.errors import NotConnectedError
from coordination.membership import Membership, NodeRecord, Role
from coordination.paths import ROUTE_BUCKETS
from coordination.routes import Route, RouteRegistrar, RouteWatcher
from coordination.session import SessionState, ZooKeeperSession
from ops.local_cluster.zookeeper import Ensemble, ZooKeeperServer
from tests.integration.coordination.conftest import SESSION_TIMEOUT_S, Sessions
from tests.support.eventually import eventually
from tests.support.route_node import route_node

Rms = Callable[..., Awaitable[RouteRegistrar]]


@pytest.fixture
async def rms(sessions: Sessions) -> Rms:
    """Makes an RMS's side: a session, a membership and a registrar, all started."""

    async def make(hosts: str, rms_id: str, boot_id: str = "boot", **settings: object) -> RouteRegistrar:
        session = sessions(hosts, **settings)
        await session.start()
        await Membership(session, Role.RMS, NodeRecord(rms_id, boot_id)).start()
        registrar = RouteRegistrar(session, rms_id, boot_id)
        await registrar.start()
        return registrar

    return make


async def watch(session: ZooKeeperSession) -> RouteWatcher:
    watcher = RouteWatcher(session)
    await watcher.start()
    return watcher


async def stored_routes(session: ZooKeeperSession) -> set[str]:
    """The names of all route nodes that ZooKeeper has."""
    buckets = map(session.paths.routes_bucket, range(ROUTE_BUCKETS))
    return {name for names, _ in await asyncio.gather(*map(session.children, buckets)) for name in names}


def served(watcher: RouteWatcher) -> dict[str, tuple[str, ...]]:
    return {video: watcher.table.rms_of(video) for video in watcher.table.videos()}


async def test_a_route_is_seen_when_announced_and_gone_when_withdrawn(session: ZooKeeperSession, rms: Rms) -> None:
    registrar = await rms(session.hosts, "rms-1")
    watcher = await watch(session)
    announced: list[str] = []
    added: list[Route] = []
    registrar.on_announced(announced.append)
    watcher.on_routes_added(added.extend)
    assert registrar.announce("match-42")
    assert registrar.announce("match-42")
    await eventually(lambda: watcher.table.rms_of("match-42") == ("rms-1",))
    assert registrar.is_announced("match-42")
    assert announced == ["match-42"]
    assert added == [Route("match-42", "rms-1", "boot")]
    registrar.withdraw("match-42")
    registrar.withdraw("match-42")
    await eventually(lambda: watcher.table.rms_of("match-42") == ())
    assert not registrar.is_announced("match-42")
    assert await stored_routes(session) == set()


async def test_a_watcher_that_starts_late_knows_everything_at_once(session: ZooKeeperSession, rms: Rms) -> None:
    registrar = await rms(session.hosts, "rms-1")
    for number in range(3000):
        registrar.announce(f"v{number}")
    await registrar.idle()
    watcher = await watch(session)
    assert len(watcher.table) == 3000
    assert watcher.pending == 0


async def test_announced_and_withdrawn_before_it_was_written_costs_nothing(session: ZooKeeperSession, rms: Rms) -> None:
    registrar = await rms(session.hosts, "rms-1")
    announced: list[str] = []
    registrar.on_announced(announced.append)
    registrar.announce("flap")
    registrar.withdraw("flap")
    registrar.announce("stay")
    await registrar.idle()
    assert announced == ["stay"]
    assert await stored_routes(session) == {"stay~rms-1~boot"}


async def test_more_routes_than_the_limit_are_refused(session: ZooKeeperSession) -> None:
    registrar = RouteRegistrar(session, "rms-1", "boot", max_routes=2)
    assert registrar.announce("a")
    assert registrar.announce("b")
    assert not registrar.announce("c")
    assert registrar.announce("a"), "what is announced already is no new route"
    registrar.withdraw("a")
    assert registrar.announce("c")
    assert registrar.stats.refused == 1


async def test_random_announcements_of_several_rms_end_in_the_same_table(session: ZooKeeperSession, rms: Rms) -> None:
    registrars = {f"rms-{n}": await rms(session.hosts, f"rms-{n}") for n in (1, 2, 3)}
    watcher = await watch(session)
    truth: dict[str, set[str]] = {rms_id: set() for rms_id in registrars}
    dice = random.Random(6)
    for _ in range(40):
        for rms_id, registrar in registrars.items():
            for _ in range(60):
                video = f"v{dice.randrange(400)}"
                if dice.random() < 0.55:
                    registrar.announce(video)
                    truth[rms_id].add(video)
                else:
                    registrar.withdraw(video)
                    truth[rms_id].discard(video)
        await asyncio.sleep(0)  # the registrars get going between the rounds, in the middle of things
        if dice.random() < 0.3:
            await next(iter(registrars.values())).idle()
    for registrar in registrars.values():
        await registrar.idle()
    expected = {
        video: tuple(sorted(rms_id for rms_id, videos in truth.items() if video in videos))
        for video in set().union(*truth.values())
    }
    await eventually(lambda: served(watcher) == expected, what="the table equals the truth")


async def test_what_an_earlier_session_of_this_process_left_behind_is_taken_over(
    session: ZooKeeperSession, sessions: Sessions, rms: Rms
) -> None:
    earlier = sessions(session.hosts)
    await earlier.start()
    videos = [f"v{n}" for n in range(150)]
    for video in videos:
        await earlier.create(earlier.paths.route(video, Route(video, "rms-1", "boot").name), ephemeral=True)
    watcher = await watch(session)
    registrar = await rms(session.hosts, "rms-1")
    for video in videos:
        registrar.announce(video)
    await registrar.idle()
    assert registrar.stats.taken_over == 150
    await earlier.aclose()
    assert len(await stored_routes(session)) == 150, "they are of the new session now"
    await eventually(lambda: len(watcher.table) == 150)


async def test_a_killed_rms_that_is_back_at_once_has_its_routes_and_none_of_its_ghosts(
    session: ZooKeeperSession, zookeeper: ZooKeeperServer, dc: str, tmp_path: Path
) -> None:
    """5,000 routes, kill -9, restarted under the same id with other videos."""
    watcher = await watch(session)

    def node(boot_id: str, videos: range):  # type: ignore[no-untyped-def]
        return route_node(
            tmp_path,
            zookeeper.hosts,
            dc,
            session_timeout_s=SESSION_TIMEOUT_S,
            rms_id="rms-1",
            boot_id=boot_id,
            videos=videos,
        )

    killed = node("boot-a", range(5000))
    await killed.start()
    await killed.wait_ready(lambda: len(watcher.table) == 5000, deadline_s=30)
    await killed.kill9()

    back = node("boot-b", range(4900, 5100))
    await back.start()
    expected = {f"v{n}": ("rms-1",) for n in range(4900, 5100)}
    await back.wait_ready(lambda: served(watcher) == expected, deadline_s=30)
    assert {r.boot_id for video in expected for r in watcher.table.routes_of(video)} == {"boot-b"}

    async def no_ghost_left() -> bool:
        return await stored_routes(session) == {f"{video}~rms-1~boot-b" for video in expected}

    _: bool = await eventually(no_ghost_left, what="the ghosts' session is over")
    await eventually(lambda: watcher.table.stale_routes() == 0)
    assert served(watcher) == expected
    await back.kill9()


async def test_an_rms_stopped_beyond_its_session_timeout_registers_everything_again(
    session: ZooKeeperSession, zookeeper: ZooKeeperServer, dc: str, tmp_path: Path
) -> None:
    watcher = await watch(session)
    node = route_node(
        tmp_path,
        zookeeper.hosts,
        dc,
        session_timeout_s=SESSION_TIMEOUT_S,
        rms_id="rms-1",
        boot_id="boot",
        videos=range(500),
    )
    await node.start()
    await node.wait_ready(lambda: len(watcher.table) == 500, deadline_s=30)
    node.pause()
    await eventually(lambda: len(watcher.table) == 0 and not watcher.members.nodes, timeout_s=20)
    node.resume()
    await eventually(lambda: len(watcher.table) == 500 and "rms-1" in watcher.members.nodes, timeout_s=20)
    await node.kill9()


async def test_an_outage_clears_no_table_and_loses_no_change(
    sessions: Sessions, rms: Rms, own_zookeeper: ZooKeeperServer
) -> None:
    registrar = await rms(own_zookeeper.hosts, "rms-1", session_timeout_s=8.0)
    session = sessions(own_zookeeper.hosts, session_timeout_s=8.0)
    await session.start()
    watcher = await watch(session)
    for number in range(300):
        registrar.announce(f"v{number}")
    await eventually(lambda: len(watcher.table) == 300)
    await own_zookeeper.stop()
    await eventually(lambda: session.state is SessionState.SUSPENDED)
    registrar.announce("opened-meanwhile")
    registrar.withdraw("v0")
    watcher.relist("v1")
    assert len(watcher.table) == 300
    assert registrar.is_announced("v1")
    assert not registrar.is_announced("opened-meanwhile")
    await own_zookeeper.start()
    expected = {f"v{n}" for n in range(1, 300)} | {"opened-meanwhile"}
    await eventually(lambda: set(watcher.table.videos()) == expected, timeout_s=20)
    assert await stored_routes(session) == {f"{video}~rms-1~boot" for video in expected}


async def test_an_ensemble_restarted_whole_and_a_leader_killed_leave_the_routes_right(
    sessions: Sessions, rms: Rms, ensemble: Ensemble
) -> None:
    registrar = await rms(ensemble.hosts, "rms-1", session_timeout_s=8.0)
    session = sessions(ensemble.hosts, session_timeout_s=8.0)
    await session.start()
    watcher = await watch(session)
    for number in range(1000):
        registrar.announce(f"v{number}")
    await eventually(lambda: len(watcher.table) == 1000, timeout_s=20)

    leader = await ensemble.leader()
    assert leader is not None
    await leader.process.kill9()
    registrar.announce("after-the-leader")
    await eventually(lambda: watcher.table.rms_of("after-the-leader") == ("rms-1",), timeout_s=30)
    assert len(watcher.table) == 1001

    await ensemble.restart()
    registrar.announce("after-all-of-it")
    registrar.withdraw("v0")
    await eventually(lambda: watcher.table.rms_of("after-all-of-it") == ("rms-1",), timeout_s=30)
    await eventually(lambda: len(watcher.table) == 1001, timeout_s=30)
    await registrar.idle()

    async def stored() -> int:
        try:
            return len(await stored_routes(session))
        except NotConnectedError:
            return -1

    async def all_stored() -> bool:
        return await stored() == 1001

    _: bool = await eventually(all_stored, timeout_s=20)


async def test_a_dead_rms_is_out_of_the_table_with_its_membership(
    session: ZooKeeperSession, sessions: Sessions
) -> None:
    """Not only when its route nodes go: those may be a hundred thousand."""
    owner = sessions(session.hosts)
    await owner.start()
    membership = Membership(owner, Role.RMS, NodeRecord("rms-1", "boot"))
    await membership.start()
    registrar = RouteRegistrar(owner, "rms-1", "boot")
    await registrar.start()
    registrar.announce("v")
    watcher = await watch(session)
    await eventually(lambda: watcher.table.rms_of("v") == ("rms-1",))
    await membership.leave()
    await eventually(lambda: watcher.members.nodes["rms-1"].draining)
    assert watcher.table.rms_of("v") == ("rms-1",), "one that drains still serves its viewers"
    await membership.aclose()
    await eventually(lambda: watcher.table.rms_of("v") == ())
    assert await stored_routes(session) == {"v~rms-1~boot"}
