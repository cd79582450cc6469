"""How much may be asked of Cassandra at a time."""

from __future__ import annotations

import asyncio

import pytest

from comment_service.store import StoreOverloaded
from comment_service.store.cassandra.gate import Gate


class Asked:
    """Requests in the order in which they were sent, and those that were told that it was too late."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.sent: list[int] = []
        self.late: list[int] = []

    def ask(self, *numbers: int) -> None:
        for number in numbers:
            self._gate.enter(lambda n=number: self.sent.append(n), lambda n=number: self.late.append(n))  # type: ignore[misc]


def test_requests_go_first_come_first_served_so_many_at_a_time() -> None:
    gate = Gate("reads", width=2, max_waiting=10, patience_s=60)
    asked = Asked(gate)
    asked.ask(1, 2, 3, 4)
    assert asked.sent == [1, 2]
    gate.leave()
    assert asked.sent == [1, 2, 3]
    gate.leave()
    gate.leave()
    asked.ask(5)
    assert asked.sent == [1, 2, 3, 4, 5]
    assert gate.under_way == 2


def test_who_has_waited_too_long_is_told_so_and_takes_no_place() -> None:
    gate = Gate("reads", width=1, max_waiting=10, patience_s=-1)
    asked = Asked(gate)
    asked.ask(1, 2, 3)
    gate.leave()
    assert (asked.sent, asked.late) == ([1], [2, 3])
    assert gate.under_way == 0
    asked.ask(4)
    assert asked.sent == [1, 4]


async def test_what_is_too_much_is_refused_until_something_has_ended() -> None:
    gate = Gate("writes", width=1, max_waiting=2, patience_s=60)
    gate.admit()
    gate.admit()
    with pytest.raises(StoreOverloaded, match="2 writes are waiting for the store"):
        gate.admit()
    emptied = asyncio.create_task(gate.emptied())
    gate.release()
    gate.admit()
    gate.release()
    await asyncio.sleep(0)
    assert not emptied.done()
    gate.release()
    await emptied
    assert gate.waiting == 0
