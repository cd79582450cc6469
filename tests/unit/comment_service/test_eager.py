from __future__ import annotations

import asyncio

import pytest

from comment_service.eager import start


class Steps:
    """What a coroutine has done."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.gate: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def at_once(self) -> None:
        self.done.append("all")

    async def after_gate(self) -> None:
        self.done.append("begun")
        try:
            self.done.append(await self.gate)
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.done.append("cancelled")
            raise
        self.done.append("ended")

    async def fail(self, *, late: bool) -> None:
        if late:
            await self.gate
        raise OSError("gone")


async def test_what_waits_for_nothing_has_ended_at_once() -> None:
    steps = Steps()
    assert start(steps.at_once()) is None
    assert steps.done == ["all"]


async def test_what_waits_goes_on_in_a_task() -> None:
    steps = Steps()
    task = start(steps.after_gate())
    assert task is not None
    assert steps.done == ["begun"]
    steps.gate.set_result("through")
    await task
    assert steps.done == ["begun", "through", "ended"]


async def test_what_fails_at_once_fails_here() -> None:
    with pytest.raises(OSError, match="gone"):
        start(Steps().fail(late=False))


async def test_what_fails_later_fails_in_the_task() -> None:
    steps = Steps()
    task = start(steps.fail(late=True))
    assert task is not None
    steps.gate.set_result("through")
    with pytest.raises(OSError, match="gone"):
        await task


async def test_what_it_waits_for_may_fail() -> None:
    steps = Steps()
    task = start(steps.after_gate())
    assert task is not None
    steps.gate.set_exception(OSError("gone"))
    with pytest.raises(OSError, match="gone"):
        await task
    assert steps.done == ["begun"]


@pytest.mark.parametrize("turns", [0, 1])
async def test_the_task_may_be_cancelled(turns: int) -> None:
    steps = Steps()
    task = start(steps.after_gate())
    assert task is not None
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert steps.gate.cancelled() == bool(turns)
    assert steps.done in (["begun", "cancelled"], ["begun"])
