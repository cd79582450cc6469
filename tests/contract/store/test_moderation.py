"""Bans, reports and the audit trail, as every store keeps them."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from comment_service.moderation.records import AuditEntry, Ban, Report, ReportStatus
from comment_service.store import Store
from tests.support.eventually import eventually

EVERYWHERE = Ban("u-1", None, None, "", "m-1", 1_795_000_000_000)
HERE = Ban("u-1", "match-42", 1_795_000_000_123, "spam 👎 'quoted'; --", "m-2", 1_795_000_000_001)
FIRST, LAST = 0, 2**63 - 1


def a_report(report_id: int, reporter_id: str = "u-9", comment_id: int = 7, **fields: object) -> Report:
    values: dict[str, object] = {"author_id": "u-1", "content": "What a goal", "reason": "rude"}
    values |= {"reporter_id": reporter_id, "comment_id": comment_id, "live_video_id": "match-42"}
    return Report(report_id, **(values | fields))  # type: ignore[arg-type]


async def test_a_user_s_bans(store: Store) -> None:
    assert await store.bans.of_user("u-1") == []
    await store.bans.put(EVERYWHERE)
    await store.bans.put(HERE)
    await store.bans.put(replace(HERE, user_id="u-2"))
    found = await store.bans.of_user("u-1")
    assert sorted(found, key=lambda ban: ban.live_video_id or "") == [EVERYWHERE, HERE]


async def test_a_ban_takes_the_place_of_the_one_there(store: Store) -> None:
    await store.bans.put(HERE)
    longer = replace(HERE, until_ms=None, reason="", moderator_id="m-3")
    await store.bans.put(longer)
    assert await store.bans.of_user("u-1") == [longer]
    shorter = replace(HERE, until_ms=1_795_000_000_002)
    await store.bans.put(shorter)
    assert await store.bans.of_user("u-1") == [shorter]


@pytest.mark.parametrize("years", [1, 2, 10, 12, 15, 19, 21, 1_000])
async def test_a_ban_may_be_long(store: Store, years: int) -> None:
    """Cassandra drops a row by itself, and knows no time after January 2038 to do so."""
    ban = replace(HERE, until_ms=time.time_ns() // 1_000_000 + years * 365 * 24 * 3600 * 1000)
    await store.bans.put(ban)
    assert await store.bans.of_user("u-1") == [ban]


async def test_a_ban_is_removed_where_it_is(store: Store) -> None:
    await store.bans.put(EVERYWHERE)
    await store.bans.put(HERE)
    assert not await store.bans.remove("u-1", "other")
    assert await store.bans.remove("u-1", "match-42")
    assert not await store.bans.remove("u-1", "match-42")
    assert await store.bans.of_user("u-1") == [EVERYWHERE]
    assert await store.bans.remove("u-1", None)
    assert await store.bans.of_user("u-1") == []
    assert not await store.bans.remove("nobody", None)


async def test_who_was_banned_or_unbanned_lately_is_known(store: Store) -> None:
    began_ms = time.time_ns() // 1_000_000
    await store.bans.put(replace(EVERYWHERE, user_id="before"))
    await eventually(lambda: time.time_ns() // 1_000_000 > began_ms + 1)
    since_ms = time.time_ns() // 1_000_000
    await eventually(lambda: time.time_ns() // 1_000_000 > since_ms)
    await store.bans.put(replace(EVERYWHERE, user_id="banned"))
    await store.bans.remove("before", None)
    await store.bans.remove("never", None)
    assert set(await store.bans.changed_since(since_ms, 9)) == {"banned", "before"}
    assert len(set(await store.bans.changed_since(since_ms, 1))) == 1
    assert set(await store.bans.changed_since(began_ms - 3_600_000, 9)) == {"banned", "before"}
    assert await store.bans.changed_since(time.time_ns() // 1_000_000 + 1_000, 9) == []


@pytest.mark.parametrize("user_id", ["u/1", "a b", "ümläut", "'; DROP TABLE bans; --", "%", "x" * 128])
async def test_a_user_id_is_data(store: Store, user_id: str) -> None:
    await store.bans.put(replace(EVERYWHERE, user_id=user_id))
    assert [ban.user_id for ban in await store.bans.of_user(user_id)] == [user_id]


async def test_a_report_comes_back_as_it_was(store: Store) -> None:
    report = a_report(5 << 22, content="naïve 👩‍👩‍👧\n'quoted'; --", reason="rüde\t!")
    assert await store.reports.add(report)
    assert await store.reports.get(5 << 22) == report
    assert await store.reports.get(6 << 22) is None
    assert await store.reports.get(2**64 - 1) is None


async def test_a_user_reports_a_comment_once(store: Store) -> None:
    assert await store.reports.add(a_report(1))
    assert not await store.reports.add(a_report(2, reason="again"))
    assert await store.reports.add(a_report(3, reporter_id="u-8"))
    assert await store.reports.add(a_report(4, comment_id=8))
    assert await store.reports.add(a_report(5, live_video_id="other"))
    assert [report.report_id for report in await store.reports.with_status(ReportStatus.OPEN, FIRST, 9)] == [1, 3, 4, 5]
    assert await store.reports.get(2) is None


async def test_of_many_at_once_one_counts(store: Store) -> None:
    added = await asyncio.gather(*[store.reports.add(a_report(n)) for n in range(1, 21)])
    assert sum(added) == 1
    assert len(await store.reports.with_status(ReportStatus.OPEN, FIRST, 99)) == 1


async def test_the_queue_is_paged_oldest_first(store: Store) -> None:
    for number in (30, 10, 50, 20, 40):
        await store.reports.add(a_report(number, reporter_id=f"u-{number}"))

    async def page(cursor: int, limit: int) -> list[int]:
        return [report.report_id for report in await store.reports.with_status(ReportStatus.OPEN, cursor, limit)]

    assert await page(FIRST, 2) == [10, 20]
    assert await page(20, 2) == [30, 40]
    assert await page(45, 9) == [50]
    assert await page(LAST, 9) == []
    assert await page(2**64 - 1, 9) == []


async def test_a_report_is_resolved_once(store: Store) -> None:
    await store.reports.add(a_report(1))
    await store.reports.add(a_report(2, reporter_id="u-8"))
    assert await store.reports.resolve(1, ReportStatus.DELETED, "m-1")
    assert not await store.reports.resolve(1, ReportStatus.DISMISSED, "m-2")
    assert not await store.reports.resolve(99, ReportStatus.DISMISSED, "m-2")
    assert not await store.reports.resolve(2**64 - 1, ReportStatus.DISMISSED, "m-2")
    assert await store.reports.get(1) == a_report(1, status=ReportStatus.DELETED, resolved_by="m-1")
    assert [report.report_id for report in await store.reports.with_status(ReportStatus.OPEN, FIRST, 9)] == [2]
    assert [report.report_id for report in await store.reports.with_status(ReportStatus.DELETED, FIRST, 9)] == [1]
    assert not await store.reports.add(a_report(3)), "resolved is not forgotten"


async def test_of_two_moderators_at_once_one_resolves(store: Store) -> None:
    await store.reports.add(a_report(1))
    done = await asyncio.gather(*[store.reports.resolve(1, ReportStatus.DISMISSED, f"m-{n}") for n in range(5)])
    assert sum(done) == 1
    report = await store.reports.get(1)
    assert report is not None
    assert report.resolved_by == f"m-{done.index(True)}"


async def test_of_two_moderators_who_disagree_one_is_heard(store: Store) -> None:
    await store.reports.add(a_report(1))
    wanted = [ReportStatus.DISMISSED, ReportStatus.DELETED, ReportStatus.BANNED] * 2
    done = await asyncio.gather(*[store.reports.resolve(1, status, "m-1") for status in wanted])
    assert sum(done) == 1
    stands = wanted[done.index(True)]
    for status in ReportStatus:
        found = await store.reports.with_status(status, FIRST, 9)
        assert found == ([a_report(1, status=stands, resolved_by="m-1")] if status is stands else [])


async def test_what_else_is_open_of_a_comment_is_resolved_together(store: Store) -> None:
    for number in range(1, 6):
        await store.reports.add(a_report(number, reporter_id=f"u-{number}"))
    await store.reports.add(a_report(6, comment_id=8))
    await store.reports.add(a_report(7, live_video_id="other"))
    await store.reports.resolve(2, ReportStatus.DISMISSED, "m-2")
    assert await store.reports.resolve_others("match-42", 7, ReportStatus.BANNED, "m-1") == 4
    assert await store.reports.resolve_others("match-42", 7, ReportStatus.BANNED, "m-1") == 0
    assert [report.report_id for report in await store.reports.with_status(ReportStatus.OPEN, FIRST, 9)] == [6, 7]
    banned = await store.reports.with_status(ReportStatus.BANNED, FIRST, 9)
    assert [(report.report_id, report.resolved_by) for report in banned] == [(n, "m-1") for n in (1, 3, 4, 5)]


async def test_the_trail_is_read_newest_first(store: Store) -> None:
    entries = [
        AuditEntry(n * 10, f"m-{n}", "ban", "u-1", {"reason": "naïve 'quoted'; --", "until": ""} if n % 2 else {})
        for n in range(1, 6)
    ]
    for entry in (entries[2], entries[0], entries[4], entries[1], entries[3]):
        await store.audit.add(entry)
    assert await store.audit.before(None, 2) == [entries[4], entries[3]]
    assert await store.audit.before(40, 2) == [entries[2], entries[1]]
    assert await store.audit.before(15, 9) == [entries[0]]
    assert await store.audit.before(10, 9) == []
    assert await store.audit.before(2**64 - 1, 9) == entries[::-1]
