"""A process that dies between two of its requests to Cassandra leaves nothing that others find broken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from comment_service.account import Account
from comment_service.change import Change, ChangeKind
from comment_service.comment import Media
from comment_service.moderation.records import Report, ReportStatus
from comment_service.store import StoreConflict, StoreUnavailable
from comment_service.store.cassandra import CassandraStore
from comment_service.store.media import PURGE_LEASE_MS
from coordination.ids import first_id_at_ms
from tests.contract.store.filling import a_comment
from tests.support.cassandra import SharedCassandra

VIDEO = "match-42"
NOON = 1_800_000_000_000
LATER = NOON + 60_000
IMAGE = Media(f"{1:064x}", "image/png", 640, 480)
REPORT = Report(1, VIDEO, 7, "u-1", "What a goal", "u-9", "rude")
Dying = Callable[[int, Callable[[CassandraStore], Awaitable[object]]], Awaitable[bool]]


def anywhere(requests: int) -> pytest.MarkDecorator:
    """Of so many requests, each may be the one that it does not come to; and it may come to the end."""
    return pytest.mark.parametrize("requests", range(requests + 1))


@pytest.fixture
async def store(cassandra: SharedCassandra) -> AsyncIterator[CassandraStore]:
    """Of one that lives on."""
    cassandra.empty()
    store = CassandraStore(cassandra.options)
    await store.start()
    yield store
    await store.aclose()


@pytest.fixture
async def dying(cassandra: SharedCassandra, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Dying]:
    """Does something in a process of its own, which dies after so many requests; whether it was done."""
    store = CassandraStore(cassandra.options)
    await store.start()

    async def do(requests: int, what: Callable[[CassandraStore], Awaitable[object]]) -> bool:
        database = store._database
        admit, left = database.admit, iter(range(requests))

        def admit_or_die(gate: object) -> None:
            if next(left, None) is None:
                raise StoreUnavailable("it is dead")
            admit(gate)  # type: ignore[arg-type]

        monkeypatch.setattr(database, "admit", admit_or_die)
        try:
            await what(store)
        except StoreUnavailable:
            return False
        return True

    yield do
    await store.aclose()


async def queues(store: CassandraStore) -> dict[ReportStatus, list[int]]:
    found = {status: await store.reports.with_status(status, 0, 9) for status in ReportStatus}
    return {status: [report.report_id for report in reports] for status, reports in found.items() if reports}


@anywhere(3)
async def test_a_report_is_in_the_queue_of_its_status(store: CassandraStore, dying: Dying, requests: int) -> None:
    await store.reports.add(REPORT)
    await dying(requests, lambda dying: dying.reports.resolve(1, ReportStatus.DELETED, "m-1"))
    report = await store.reports.get(1)
    assert report is not None
    assert await queues(store) == {report.status: [1]}
    resolved = await store.reports.resolve(1, ReportStatus.DISMISSED, "m-2")
    assert resolved is (report.status is ReportStatus.OPEN)
    assert await queues(store) == {ReportStatus.DISMISSED if resolved else ReportStatus.DELETED: [1]}


@anywhere(2)
async def test_who_could_not_report_reports_again(store: CassandraStore, dying: Dying, requests: int) -> None:
    await dying(requests, lambda dying: dying.reports.add(REPORT))
    await store.reports.add(replace(REPORT, report_id=2))
    [report] = await store.reports.with_status(ReportStatus.OPEN, 0, 9)
    assert await store.reports.resolve_others(VIDEO, 7, ReportStatus.BANNED, "m-1") == 1
    assert await queues(store) == {ReportStatus.BANNED: [report.report_id]}


@anywhere(2)
async def test_a_username_is_somebody_s_or_free(store: CassandraStore, dying: Dying, requests: int) -> None:
    ada, other = (Account(user_id, "ada", "Ada", "hash", frozenset({"viewer"}), 0) for user_id in ("u-1", "u-2"))
    await dying(requests, lambda dying: dying.accounts.add(ada))
    with suppress(StoreConflict):
        await store.accounts.add(other)
    found = await store.accounts.by_username("ada")
    assert found in (ada, other)
    assert [await store.accounts.by_user_id(each) for each in ("u-1", "u-2")].count(found) == 1


@anywhere(3)
@pytest.mark.parametrize("kind", [ChangeKind.EDIT, ChangeKind.DELETE])
async def test_a_comment_is_changed_and_it_is_noted(
    store: CassandraStore, dying: Dying, kind: ChangeKind, requests: int
) -> None:
    before = a_comment(20, media=(IMAGE,), reply_to=10)
    await store.media.add(IMAGE, "u-1", NOON)
    await asyncio.gather(store.comments.add(a_comment(10)), store.comments.add(before))
    change_id = first_id_at_ms(NOON)
    if kind is ChangeKind.EDIT:
        await dying(requests, lambda dying: dying.comments.edit(VIDEO, 20, "better", NOON, change_id))
    else:
        await dying(requests, lambda dying: dying.comments.delete(VIDEO, 20, change_id))
    changes = await store.comments.changes(VIDEO, 0, 9)
    found, thread = await store.comments.get(VIDEO, 20), await store.comments.get(VIDEO, 10)
    assert changes == ([] if found == before else [Change(change_id, kind, 20)])
    assert thread is not None
    assert thread.reply_count == (0 if found is None else 1)
    assert (await store.media.abandoned(uploaded_until_ms=LATER, now_ms=LATER, limit=9) == []) is (found is not None)


@anywhere(2)
async def test_the_end_of_a_video_is_noted_by_who_ends_it_again(
    store: CassandraStore, dying: Dying, requests: int
) -> None:
    await dying(requests, lambda dying: dying.videos.end(VIDEO, NOON, 7))
    ended_at_ms = (await store.videos.get(VIDEO)).ended_at_ms
    assert await store.videos.end(VIDEO, LATER, 8) is (ended_at_ms is None)
    assert await store.comments.changes(VIDEO, 0, 9) == [Change(7 if ended_at_ms else 8, ChangeKind.END)]


@anywhere(2)
async def test_what_was_counted_has_not_failed(store: CassandraStore, dying: Dying, requests: int) -> None:
    """What failed is counted once more by who asked for it."""
    done = await dying(requests, lambda dying: dying.reactions.count_for_video(VIDEO, {"like": 3}))
    assert await store.reactions.of_video(VIDEO) == ({"like": 3} if done else {})


@anywhere(4)
async def test_an_image_is_used_or_can_go(store: CassandraStore, dying: Dying, requests: int) -> None:
    await store.media.add(IMAGE, "u-1", NOON)
    await dying(requests, lambda dying: dying.comments.add(a_comment(20, media=(IMAGE,))))
    is_shown = await store.comments.get(VIDEO, 20) is not None
    assert await store.media.abandoned(uploaded_until_ms=LATER, now_ms=LATER, limit=9) == (
        [] if is_shown else [IMAGE.media_id]
    )
    assert await store.media.condemn(IMAGE.media_id, uploaded_until_ms=LATER, now_ms=LATER) is not is_shown


@anywhere(7)
async def test_whoever_sweeps_next_finds_what_is_left_of_an_image(
    store: CassandraStore, dying: Dying, requests: int
) -> None:
    async def purge(dying: CassandraStore) -> None:
        await dying.media.condemn(IMAGE.media_id, uploaded_until_ms=LATER, now_ms=LATER)
        await dying.media.forget(IMAGE.media_id, LATER)

    async def left_behind(now_ms: int) -> list[str]:
        return await store.media.abandoned(uploaded_until_ms=LATER, now_ms=now_ms, limit=9)

    await store.media.add(IMAGE, "u-1", NOON)
    await dying(requests, purge)
    is_known = bool(await store.media.get([IMAGE.media_id]))
    assert await left_behind(LATER) == ([IMAGE.media_id] if is_known else [])
    in_time = LATER + PURGE_LEASE_MS
    if await left_behind(in_time):
        assert await store.media.condemn(IMAGE.media_id, uploaded_until_ms=LATER, now_ms=in_time)
        await store.media.forget(IMAGE.media_id, in_time)
    assert await left_behind(in_time + PURGE_LEASE_MS) == []
    assert await store.media.add(IMAGE, "u-1", in_time)


@anywhere(4)
async def test_an_upload_that_was_cut_off_is_made_again_or_swept(
    store: CassandraStore, dying: Dying, requests: int
) -> None:
    await dying(requests, lambda dying: dying.media.add(IMAGE, "u-1", NOON))
    is_known = bool(await store.media.get([IMAGE.media_id]))
    found = await store.media.abandoned(uploaded_until_ms=LATER, now_ms=LATER, limit=9)
    assert found == ([IMAGE.media_id] if is_known else [])
    assert await store.media.add(IMAGE, "u-1", LATER)
    assert await store.media.abandoned(uploaded_until_ms=LATER, now_ms=LATER, limit=9) == [IMAGE.media_id]
