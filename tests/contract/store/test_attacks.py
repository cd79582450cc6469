"""Whatever a text looks like to a database, it is kept as it is, and nothing else happens."""

from __future__ import annotations

import asyncio

from comment_service.moderation.records import Ban, Report, ReportStatus
from comment_service.store import Store
from tests.contract.store.filling import a_comment, fill, ids
from tests.support.attacks import TEXTS

KEYS = sorted({text for text in TEXTS if text})  # an empty key is no key


async def test_contents_and_names(store: Store) -> None:
    await fill(store, [1], video="witness")
    comments = [a_comment(n, content=text, author_name=text, author_id=text) for n, text in enumerate(KEYS, 1)]
    await asyncio.gather(*[store.comments.add(comment) for comment in comments])
    assert await store.comments.after("match-42", 0, 1_000) == comments
    for comment in comments[::7]:
        assert await store.comments.edit("match-42", comment.comment_id, comment.content + "'", 1, comment.comment_id)
        found = await store.comments.get("match-42", comment.comment_id)
        assert found is not None
        assert found.content == comment.content + "'"
    assert ids(await store.comments.after("witness", 0, 9)) == [1]


async def test_keys(store: Store) -> None:
    await store.bans.put(Ban("witness", None, None, "", "m", 0))
    for text in KEYS:
        await store.bans.put(Ban(text, None, None, text, text, 1))
    for text in KEYS:
        assert await store.bans.of_user(text) == [Ban(text, None, None, text, text, 1)]
        assert await store.accounts.by_username(text) is None
        assert await store.bans.remove(text, None)
    assert await store.bans.of_user("witness") == [Ban("witness", None, None, "", "m", 0)]


async def test_reports(store: Store) -> None:
    reports = [Report(n, "match-42", 7, text, text, text, text) for n, text in enumerate(KEYS, 1)]
    for report in reports:
        assert await store.reports.add(report)
    assert await store.reports.with_status(ReportStatus.OPEN, 0, 1_000) == reports
