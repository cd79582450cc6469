"""What every store does with edits, deletions and threads."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from comment_service.change import Change, ChangeKind
from comment_service.comment import Media
from comment_service.store import Store
from tests.contract.store.filling import a_comment, fill, ids

VIDEO = "match-42"
EDITED_MS = 1_795_262_400_123


async def test_an_edit_changes_the_content_and_nothing_else(store: Store) -> None:
    comment = a_comment(10, media=(Media("m-1", "image/png", 1, 2),))
    await store.comments.add(comment)
    assert await store.comments.edit(VIDEO, 10, "better 🙂", EDITED_MS, 11)
    edited = replace(comment, content="better 🙂", edited_at_ms=EDITED_MS)
    assert await store.comments.get(VIDEO, 10) == edited
    assert await store.comments.before(VIDEO, None, 10) == [edited]
    assert await store.comments.after(VIDEO, 0, 10) == [edited]


async def test_of_two_edits_the_later_one_stands_whichever_is_written_last(store: Store) -> None:
    await store.comments.add(a_comment(10))
    assert await store.comments.edit(VIDEO, 10, "later", EDITED_MS + 1, 12)
    assert await store.comments.edit(VIDEO, 10, "earlier", EDITED_MS, 11)
    found = await store.comments.get(VIDEO, 10)
    assert found is not None
    assert (found.content, found.edited_at_ms) == ("later", EDITED_MS + 1)
    assert [change.change_id for change in await store.comments.changes(VIDEO, 0, 10)] == [11, 12]


async def test_what_is_deleted_never_comes_again(store: Store) -> None:
    await fill(store, [10, 20, 30])
    assert await store.comments.delete(VIDEO, 20, 31)
    assert await store.comments.get(VIDEO, 20) is None
    assert ids(await store.comments.before(VIDEO, None, 10)) == [30, 10]
    assert ids(await store.comments.after(VIDEO, 0, 10)) == [10, 30]
    await store.comments.add(a_comment(20))  # a writer that did not know whether its write had happened
    assert await store.comments.get(VIDEO, 20) is None
    assert ids(await store.comments.after(VIDEO, 0, 10)) == [10, 30]


@pytest.mark.parametrize("comment_id", [20, 2**63 - 1, 2**64 - 1])
async def test_what_is_not_there_is_neither_edited_nor_deleted(store: Store, comment_id: int) -> None:
    await store.comments.add(a_comment(10))
    await store.comments.add(a_comment(20, "other"))
    assert not await store.comments.edit(VIDEO, comment_id, "x", EDITED_MS, 21)
    assert not await store.comments.delete(VIDEO, comment_id, 22)
    assert await store.comments.changes(VIDEO, 0, 10) == []
    assert (await store.comments.get("other", 20)) == a_comment(20, "other")


async def test_what_was_deleted_can_be_neither_edited_nor_deleted_again(store: Store) -> None:
    await store.comments.add(a_comment(10))
    assert await store.comments.delete(VIDEO, 10, 11)
    assert not await store.comments.edit(VIDEO, 10, "back", EDITED_MS, 12)
    assert not await store.comments.delete(VIDEO, 10, 13)
    assert await store.comments.get(VIDEO, 10) is None
    assert await store.comments.changes(VIDEO, 0, 10) == [Change(11, ChangeKind.DELETE, 10)]


async def test_many_deletions_at_once_come_to_one(store: Store) -> None:
    await store.comments.add(a_comment(10))
    await store.comments.add(a_comment(11, reply_to=10))
    done = await asyncio.gather(*[store.comments.delete(VIDEO, 11, 12 + n) for n in range(20)])
    assert any(done)
    assert ids(await store.comments.after(VIDEO, 0, 10)) == [10]
    first = await store.comments.get(VIDEO, 10)
    assert first is not None
    assert first.reply_count == 0
    noted = await store.comments.changes(VIDEO, 0, 100)
    assert [change.change_id - 12 for change in noted] == [n for n, did in enumerate(done) if did]


async def test_changes_are_told_in_the_order_of_their_ids(store: Store) -> None:
    await fill(store, [10, 20, 30])
    await fill(store, [10], video="other")
    await store.comments.delete(VIDEO, 20, 33)
    await store.comments.edit(VIDEO, 10, "x", EDITED_MS, 31)
    await store.videos.end(VIDEO, EDITED_MS, 35)
    await store.comments.edit("other", 10, "x", EDITED_MS, 32)
    told = [Change(31, ChangeKind.EDIT, 10), Change(33, ChangeKind.DELETE, 20), Change(35, ChangeKind.END)]
    assert await store.comments.changes(VIDEO, 0, 10) == told
    assert await store.comments.changes(VIDEO, 31, 10) == told[1:]
    assert await store.comments.changes(VIDEO, 32, 1) == told[1:2]
    assert await store.comments.changes(VIDEO, 35, 10) == []
    assert await store.comments.changes(VIDEO, 2**64 - 1, 10) == []


async def test_a_thread_comes_oldest_first_in_pages(store: Store) -> None:
    await fill(store, [10, 11])
    for reply in (14, 12, 13, 16):
        await store.comments.add(a_comment(reply, reply_to=10))
    await store.comments.add(a_comment(15, reply_to=11))
    assert ids(await store.comments.replies(VIDEO, 10, 0, 10)) == [12, 13, 14, 16]
    assert ids(await store.comments.replies(VIDEO, 10, 12, 2)) == [13, 14]
    assert ids(await store.comments.replies(VIDEO, 11, 0, 10)) == [15]
    assert await store.comments.replies(VIDEO, 12, 0, 10) == []
    assert await store.comments.replies("other", 10, 0, 10) == []
    assert await store.comments.replies(VIDEO, 2**64 - 1, 2**64 - 1, 10) == []


async def test_replies_are_counted_as_they_stand(store: Store) -> None:
    await store.comments.add(a_comment(10))
    for reply in (11, 12, 13):
        await store.comments.add(a_comment(reply, reply_to=10))
    await store.comments.add(a_comment(12, reply_to=10))  # the same again
    await store.comments.delete(VIDEO, 11, 14)
    first = await store.comments.get(VIDEO, 10)
    assert first is not None
    assert first.reply_count == 2
    assert [comment.reply_count for comment in await store.comments.after(VIDEO, 0, 10)] == [2, 0, 0]
    assert ids(await store.comments.replies(VIDEO, 10, 0, 10)) == [12, 13]
    await store.comments.delete(VIDEO, 10, 15)
    assert ids(await store.comments.replies(VIDEO, 10, 0, 10)) == [12, 13], "a thread outlives its first comment"
