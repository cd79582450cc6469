"""What every store does."""

from __future__ import annotations

import asyncio
import random

import pytest

from comment_service.moderation.records import Ban
from comment_service.store import Store, StoreUnavailable
from tests.contract.store.filling import a_comment, fill, ids
from tests.support.eventually import eventually


async def test_what_was_added_comes_back_as_it_was(store: Store) -> None:
    comment = a_comment(
        7 << 50,
        content="naïve 👩‍👩‍👧 'quoted'; --\n\ttab",
        author_name="Ünïcode",
        reply_to=3,
        edited_at_ms=1_732_000_000_123,
    )
    await store.comments.add(comment)
    assert await store.comments.get("match-42", 7 << 50) == comment


async def test_a_comment_belongs_to_one_video(store: Store) -> None:
    await store.comments.add(a_comment(1, "match-42"))
    await store.comments.add(a_comment(1, "Match-42"))
    assert (await store.comments.get("Match-42", 1)) == a_comment(1, "Match-42")
    assert await store.comments.get("other", 1) is None
    assert await store.comments.get("match-42", 2) is None


async def test_pages_take_the_nearest_to_the_cursor_first(store: Store) -> None:
    await fill(store, [10, 20, 30, 40, 50])
    await fill(store, [25, 35], video="other")
    assert ids(await store.comments.before("match-42", None, 2)) == [50, 40]
    assert ids(await store.comments.before("match-42", 40, 2)) == [30, 20]
    assert ids(await store.comments.before("match-42", 45, 10)) == [40, 30, 20, 10]
    assert ids(await store.comments.after("match-42", 20, 2)) == [30, 40]
    assert ids(await store.comments.after("match-42", 21, 10)) == [30, 40, 50]
    assert ids(await store.comments.after("match-42", 0, 1)) == [10]


@pytest.mark.parametrize("cursor", [0, 2**63 - 1, 2**63, 2**64 - 1])
async def test_any_64_bit_cursor_is_possible(store: Store, cursor: int) -> None:
    await fill(store, [1, 2**63 - 2])
    older, newer = await store.comments.before("match-42", cursor, 9), await store.comments.after("match-42", cursor, 9)
    assert ids(older) == ([2**63 - 2, 1] if cursor else [])
    assert ids(newer) == ([] if cursor else [1, 2**63 - 2])
    assert await store.comments.get("match-42", cursor) is None


async def test_a_video_without_comments_is_empty(store: Store) -> None:
    assert await store.comments.before("empty", None, 10) == []
    assert await store.comments.after("empty", 0, 10) == []


async def test_thousands_at_once_are_all_stored(store: Store) -> None:
    numbers = random.Random(6).sample(range(1, 1 << 40), 3_000)
    await fill(store, numbers)
    assert ids(await store.comments.before("match-42", None, 5_000)) == sorted(numbers, reverse=True)


async def test_a_cancelled_wait_does_not_undo_the_write(store: Store) -> None:
    write = store.comments.add(a_comment(1))
    write.cancel()
    await store.comments.add(a_comment(2))
    assert ids(await store.comments.before("match-42", None, 10)) == [2, 1]


async def test_who_stops_waiting_does_not_stop_the_write(store: Store) -> None:
    ban = Ban("u-1", None, None, "", "m-1", 1_795_000_000_000)
    waiting = asyncio.create_task(store.bans.put(ban))
    await asyncio.sleep(0)  # the store has been asked
    waiting.cancel()

    async def is_there() -> bool:
        return await store.bans.of_user("u-1") == [ban]

    await eventually(is_there, what="the ban")


async def test_closing_finishes_what_was_taken_in(store: Store) -> None:
    writes = [store.comments.add(a_comment(n)) for n in range(1, 500)]
    await store.aclose()
    assert all(write.done() and write.exception() is None for write in writes)
    await store.aclose()
    with pytest.raises(StoreUnavailable):
        await store.comments.add(a_comment(1_000))
    with pytest.raises(StoreUnavailable):
        await store.comments.get("match-42", 1)


async def test_writes_end_in_the_order_they_were_taken_in_or_wait_for_it(store: Store) -> None:
    ended: list[int] = []
    writes = []
    for n in range(1, 200):
        write = store.comments.add(a_comment(n))
        write.add_done_callback(lambda _, n=n: ended.append(n))  # type: ignore[misc]
        writes.append(write)
    await asyncio.gather(*writes)
    assert sorted(ended) == list(range(1, 200))
