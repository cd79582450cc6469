from __future__ import annotations

import asyncio
import gc

import pytest

from comment_service.outcome import outcome_of

Work = asyncio.Future[int]


@pytest.fixture
async def work() -> Work:
    return asyncio.get_running_loop().create_future()


async def test_it_gives_what_the_work_gives(work: Work) -> None:
    outcome = outcome_of(work)
    work.set_result(7)
    assert await outcome == 7


async def test_of_work_that_is_done_it_gives_the_result(work: Work) -> None:
    work.set_result(7)
    assert await outcome_of(work) == 7


async def test_it_fails_as_the_work_fails(work: Work) -> None:
    outcome = outcome_of(work)
    work.set_exception(OSError("gone"))
    with pytest.raises(OSError, match="gone"):
        await outcome


async def test_work_that_is_cancelled_cancels_who_waits(work: Work) -> None:
    outcome = outcome_of(work)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await outcome


async def test_who_waits_may_go_and_the_work_goes_on(work: Work) -> None:
    gone, stayed = (asyncio.ensure_future(_wait(work)) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert not work.done()
    work.set_result(7)
    assert await stayed == 7


async def test_a_failure_that_nobody_waits_for_is_not_reported(work: Work) -> None:
    reported: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: reported.append(context))
    waiting = asyncio.ensure_future(_wait(work))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    work.set_exception(OSError("gone"))
    await asyncio.sleep(0)
    del work, waiting
    gc.collect()
    assert reported == []


async def test_a_failure_is_not_reported_where_who_waited_has_gone_before_or_after_it(work: Work) -> None:
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    before, after = outcome_of(work), outcome_of(work)
    before.cancel()
    work.set_exception(OSError("gone"))
    await asyncio.sleep(0)
    after.cancel()
    assert before.cancelled()
    del before, after, work
    gc.collect()
    assert reported == []


async def _wait(work: Work) -> int:
    return await outcome_of(work)
