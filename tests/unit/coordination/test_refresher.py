"""The refresher misses nothing: not while it refreshes, not after a failure, not without a session."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from coordination.errors import CoordinationError
from coordination.refresher import Refresher
from tests.support.eventually import eventually


async def always() -> None:
    return


async def test_a_key_marked_while_it_is_refreshed_is_refreshed_once_more() -> None:
    seen: list[str] = []

    async def refresh(key: str) -> None:
        seen.append(key)
        if len(seen) == 1:
            refresher.mark(["a"])
            await asyncio.sleep(0)

    refresher = Refresher(refresh, always)
    refresher.start()
    refresher.mark(["a"])
    await refresher.idle()
    assert seen == ["a", "a"]
    await refresher.aclose()


async def test_a_failed_key_is_refreshed_again_and_keeps_no_other_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coordination.refresher.RETRY_S", 0.01)
    seen: Counter[str] = Counter()

    async def refresh(key: str) -> None:
        seen[key] += 1
        if key == "bad" and seen[key] == 1:
            raise CoordinationError("no luck")

    refresher = Refresher(refresh, always, window=4)
    refresher.start()
    refresher.mark(["bad", "good"])
    await refresher.idle()
    assert seen == {"bad": 2, "good": 1}
    assert refresher.errors == 1
    assert refresher.pending == 0
    await refresher.aclose()


async def test_nothing_is_tried_without_a_session() -> None:
    session = asyncio.Event()
    seen: list[int] = []

    async def connected() -> None:
        await session.wait()

    async def refresh(key: int) -> None:
        seen.append(key)

    refresher = Refresher(refresh, connected, window=2)
    refresher.start()
    refresher.mark(range(5))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert (seen, refresher.pending) == ([], 5)
    session.set()
    await eventually(lambda: sorted(seen) == [0, 1, 2, 3, 4])
    await refresher.aclose()
