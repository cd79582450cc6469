"""What every store knows of videos."""

from __future__ import annotations

import asyncio

from comment_service.change import Change, ChangeKind
from comment_service.store import Store
from comment_service.video import Video

VIDEO = "match-42"


async def test_a_video_that_was_never_heard_of_goes_on(store: Store) -> None:
    assert await store.videos.get(VIDEO) == Video(VIDEO)
    assert not Video(VIDEO).ended


async def test_a_video_ends_once_and_for_good(store: Store) -> None:
    assert await store.videos.end(VIDEO, 1_795_262_400_123, 7)
    assert not await store.videos.end(VIDEO, 1_795_262_500_000, 8)
    assert await store.videos.get(VIDEO) == Video(VIDEO, ended_at_ms=1_795_262_400_123)
    assert await store.comments.changes(VIDEO, 0, 10) == [Change(7, ChangeKind.END)]
    assert not (await store.videos.get("other")).ended


async def test_of_many_who_end_it_at_once_one_did(store: Store) -> None:
    done = await asyncio.gather(*[store.videos.end(VIDEO, 1_795_262_400_000 + n, 7 + n) for n in range(20)])
    assert sum(done) == 1
    (change,) = await store.comments.changes(VIDEO, 0, 100)
    assert done[change.change_id - 7]


async def test_slow_mode_and_the_end_do_not_disturb_each_other(store: Store) -> None:
    await store.videos.set_slow_mode(VIDEO, 30)
    assert await store.videos.get(VIDEO) == Video(VIDEO, slow_mode_s=30)
    assert await store.videos.end(VIDEO, 1_795_262_400_123, 7)
    await store.videos.set_slow_mode(VIDEO, 0)
    assert await store.videos.get(VIDEO) == Video(VIDEO, ended_at_ms=1_795_262_400_123)
