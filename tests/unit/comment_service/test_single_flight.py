"""However many want the same, it is read once; and who asks for what is there now gets no read of before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from comment_service.single_flight import SingleFlight


class Source:
    """Each read waits to be answered, and gives its number."""

    def __init__(self) -> None:
        self.reads: list[asyncio.Future[None]] = []
        self.flights: SingleFlight[str, int] = SingleFlight(self._read)
        self.joinable: list[bool] = []

    async def _read(self, key: str) -> int:
        self.reads.append(asyncio.get_running_loop().create_future())
        number = len(self.reads)
        await self.reads[-1]
        self.joinable.append(self.flights.is_joinable(key))
        return number

    async def ask(self, *asks: Callable[[str], object]) -> list[asyncio.Task[int]]:
        tasks = [asyncio.ensure_future(ask("a")) for ask in asks]  # type: ignore[call-overload]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return tasks


async def test_many_join_one_read() -> None:
    source = Source()
    tasks = await source.ask(*[source.flights.join] * 5)
    assert "a" in source.flights
    tasks[0].cancel()  # one who goes takes nothing from the others
    source.reads[0].set_result(None)
    assert await asyncio.gather(*tasks[1:]) == [1] * 4
    assert "a" not in source.flights
    assert source.joinable == [True]


async def test_a_fresh_read_begins_after_it_was_asked_for() -> None:
    source = Source()
    [first] = await source.ask(source.flights.join)
    fresh = await source.ask(*[source.flights.fresh] * 3)
    assert len(source.reads) == 1
    source.reads[0].set_result(None)
    assert await first == 1
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    [late] = await source.ask(source.flights.fresh)  # the second has begun: it is of before, for this one
    source.reads[1].set_result(None)
    assert await asyncio.gather(*fresh) == [2, 2, 2]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    source.reads[2].set_result(None)
    assert await late == 3


async def test_after_a_parting_a_new_read_begins() -> None:
    source = Source()
    [first] = await source.ask(source.flights.join)
    source.flights.part(lambda key: key == "a")
    [second] = await source.ask(source.flights.join)
    for read in source.reads:
        read.set_result(None)
    assert (await first, await second) == (1, 2)
    assert source.joinable == [False, True]


async def test_a_failure_is_everybodys_and_not_remembered() -> None:
    source = Source()
    tasks = await source.ask(source.flights.join, source.flights.join)
    source.reads[0].set_exception(ValueError("no"))
    for task in tasks:
        with pytest.raises(ValueError, match="no"):
            await task
    [again] = await source.ask(source.flights.join)
    source.reads[1].set_result(None)
    assert await again == 2
