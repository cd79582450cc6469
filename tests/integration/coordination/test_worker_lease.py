"""Worker numbers on a real ZooKeeper: never two living processes with one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from coordination.errors import CoordinationError, NoNodeError, NotConnectedError
from coordination.ids import WORKERS, WorkerIdLease
from coordination.ids.comment_ids import clock_ms
from coordination.kazoo_client import Create
from coordination.session import SessionState, ZooKeeperSession
from ops.local_cluster.zookeeper import ZooKeeperServer
from tests.integration.coordination.conftest import Sessions
from tests.support.eventually import eventually


@dataclass
class Clock:
    """The real clock, wrong by ``ahead_ms``."""

    ahead_ms: int = 0

    def __call__(self) -> int:
        return clock_ms() + self.ahead_ms


async def lease_of(
    sessions: Sessions, hosts: str, owner: str | None = None, clock: Clock | None = None, **settings: object
) -> tuple[WorkerIdLease, ZooKeeperSession]:
    session = sessions(hosts, **settings)
    await session.start()
    return WorkerIdLease(session, owner=owner, now_ms=clock or Clock()), session


async def test_processes_that_start_together_have_different_numbers(
    sessions: Sessions, zookeeper: ZooKeeperServer
) -> None:
    leases = [(await lease_of(sessions, zookeeper.hosts))[0] for _ in range(6)]
    numbers = await asyncio.gather(*(lease.acquire() for lease in leases))
    assert len(set(numbers)) == 6
    assert await leases[0].acquire() == numbers[0]
    for lease in leases:
        await lease.aclose()


async def test_a_number_given_back_may_be_had_by_anybody_once_none_is_unused(
    sessions: Sessions, zookeeper: ZooKeeperServer
) -> None:
    first, session = await lease_of(sessions, zookeeper.hosts)
    number = await first.acquire()
    value, _ = await session.get(session.paths.worker(number))
    for other in set(range(WORKERS)) - {number}:
        node, holder = session.paths.worker(other), session.paths.worker_holder(other)
        await session.multi([Create(node, value), Create(holder, ephemeral=True)])
    second, _session = await lease_of(sessions, zookeeper.hosts)
    with pytest.raises(CoordinationError, match=r"all 128 worker numbers of \S+ are taken"):
        await second.acquire()
    await first.aclose()
    assert await second.acquire() == number
    await second.aclose()


async def test_a_killed_process_gets_its_number_again_and_uses_up_no_others(
    sessions: Sessions, zookeeper: ZooKeeperServer
) -> None:
    killed, session = await lease_of(sessions, zookeeper.hosts, "comment-service-1")
    number = await killed.acquire()
    at_once, _ = await lease_of(sessions, zookeeper.hosts, "comment-service-1")
    assert await at_once.acquire() != number, "while the ghost's session lives it may be no ghost"
    await session.aclose()  # its session ends; nothing was given back
    stranger, _ = await lease_of(sessions, zookeeper.hosts, "comment-service-2")
    assert await stranger.acquire() != number, "a stranger waits for a day"
    again, _ = await lease_of(sessions, zookeeper.hosts, "comment-service-1")
    assert await again.acquire() == number
    for lease in (at_once, stranger, again):
        await lease.aclose()


async def test_a_number_whose_last_holders_clock_was_ahead_is_passed_over(
    sessions: Sessions, zookeeper: ZooKeeperServer
) -> None:
    """Its ids bear times to come; whoever went on with its number now would repeat them."""
    ahead, session = await lease_of(sessions, zookeeper.hosts, "a", Clock(ahead_ms=60_000))
    number = await ahead.acquire()
    await ahead.aclose()
    await session.aclose()
    successor, _ = await lease_of(sessions, zookeeper.hosts, "a")
    assert await successor.acquire() != number
    await successor.aclose()


async def test_a_successor_waits_out_a_small_step_back_of_the_clock(
    sessions: Sessions, zookeeper: ZooKeeperServer
) -> None:
    clock = Clock(ahead_ms=300)
    first, session = await lease_of(sessions, zookeeper.hosts, "a", clock)
    number = await first.acquire()
    last_ms = clock()
    await first.aclose()
    await session.aclose()
    successor, _ = await lease_of(sessions, zookeeper.hosts, "a")
    assert await successor.acquire() == number
    assert clock_ms() >= last_ms - 50  # the way to the server and back is not part of the bound
    await successor.aclose()


async def test_a_process_keeps_its_number_through_an_outage_and_the_loss_of_its_session(
    sessions: Sessions, own_zookeeper: ZooKeeperServer
) -> None:
    lease, session = await lease_of(sessions, own_zookeeper.hosts)
    number = await lease.acquire()
    replaced: list[int] = []
    lease.on_replaced(replaced.append)

    async def holds() -> bool:
        try:
            _, stat = await session.get(session.paths.worker_holder(number))
        except (NoNodeError, NotConnectedError):
            return False
        return stat.owner == session.session_id

    await own_zookeeper.stop()
    await eventually(lambda: session.state is SessionState.SUSPENDED)
    assert lease.number == number
    await own_zookeeper.start()
    _: bool = await eventually(holds, timeout_s=20)
    await session.aclose()
    await session.start()
    _ = await eventually(holds, timeout_s=20)
    stranger, _session = await lease_of(sessions, own_zookeeper.hosts)
    assert await stranger.acquire() != number
    assert lease.number == number
    assert replaced == []


async def test_a_process_whose_number_was_taken_meanwhile_goes_on_with_another(
    sessions: Sessions, zookeeper: ZooKeeperServer
) -> None:
    lease, session = await lease_of(sessions, zookeeper.hosts, "a")
    number = await lease.acquire()
    replaced: list[int] = []
    lease.on_replaced(replaced.append)
    await session.aclose()  # as if it had been cut off for longer than its session
    twin, _ = await lease_of(sessions, zookeeper.hosts, "a")
    assert await twin.acquire() == number
    await session.start()
    await eventually(lambda: replaced == [lease.number])
    assert lease.number != number
    await lease.aclose()
    await twin.aclose()


async def test_the_lease_says_again_and_again_that_its_holder_lives(
    sessions: Sessions, zookeeper: ZooKeeperServer
) -> None:
    session = sessions(zookeeper.hosts)
    await session.start()
    lease = WorkerIdLease(session, renew_every_s=0.01)
    path = session.paths.worker(await lease.acquire())

    async def renewed() -> bool:
        return (await session.get(path))[1].version >= 3

    _: bool = await eventually(renewed)
    await lease.aclose()
