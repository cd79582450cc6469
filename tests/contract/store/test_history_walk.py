"""Any mix of pages walks the whole history once, whatever is posted meanwhile and wherever the cursor points."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from comment_service.announcements import Announcements
from comment_service.comment import Comment
from comment_service.comments import Comments
from comment_service.metrics import CommentServiceMetrics
from comment_service.page import Direction, Page, PageRequest, Sort
from comment_service.store import Store
from comment_service.store.sqlite import SqliteStore
from livecomments.v1 import event_pb2

VIDEO = "match-42"
ids = st.integers(min_value=1, max_value=400)
histories = st.sets(ids, max_size=40)
steps = st.lists(
    st.tuples(st.integers(min_value=1, max_value=9), st.sampled_from(Sort), st.sets(ids, max_size=3)), min_size=1
)
walks = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Nowhere:
    def publish(self, event: event_pb2.Event) -> None:
        """Nobody listens in these tests."""


class History:
    """A video's history on a real store, and what it ought to be."""

    def __init__(self, store: Store) -> None:
        self._store = store
        metrics = CommentServiceMetrics(CollectorRegistry())
        self._use_cases = Comments(store, lambda: 0, Announcements(Nowhere(), metrics), metrics)
        self.ids: set[int] = set()

    async def add(self, ids: set[int]) -> None:
        new = ids - self.ids
        await asyncio.gather(*[self._store.comments.add(Comment(n, VIDEO, "u-1", "Ada", "hello")) for n in new])
        self.ids |= new

    async def page(self, request: PageRequest) -> Page:
        page = await self._use_cases.list(VIDEO, request)
        found = [comment.comment_id for comment in page.comments]
        assert found == sorted(found, reverse=request.sort is Sort.DESC)
        assert len(found) <= request.size
        assert (page.next_cursor is not None) == page.has_more
        return page


def on_a_store(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(test)


@walks
@given(history=histories, start=st.none() | ids, steps=steps)
def test_a_walk_back_meets_everything_older_once(
    history: set[int], start: int | None, steps: list[tuple[int, Sort, set[int]]]
) -> None:
    async def walk(store: Store) -> None:
        video = History(store)
        await video.add(history)
        met: list[int] = []
        cursor, more, at = start, True, 0
        upper = 10_000 if start is None else start
        while more:
            size, sort, posted = steps[at % len(steps)]
            page = await video.page(PageRequest(cursor, Direction.BEFORE, size, sort))
            taken = sorted((comment.comment_id for comment in page.comments), reverse=True)
            assert not met or all(number < met[-1] for number in taken)
            met += taken
            cursor, more, at = page.next_cursor, page.has_more, at + 1
            # Comments are posted at the new end, which this walk has left behind.
            await video.add({1_000 + at * 500 + number for number in posted})
        assert met == sorted((number for number in history if number < upper), reverse=True)

    on_a_store(with_store(walk))


@walks
@given(history=histories, start=st.just(0) | ids, steps=steps)
def test_a_walk_forward_meets_everything_newer_once(
    history: set[int], start: int, steps: list[tuple[int, Sort, set[int]]]
) -> None:
    async def walk(store: Store) -> None:
        video = History(store)
        await video.add(history)
        met: list[int] = []
        cursor, more, at = start, True, 0
        while more:
            size, sort, posted = steps[at % len(steps)]
            page = await video.page(PageRequest(cursor, Direction.AFTER, size, sort))
            taken = sorted(comment.comment_id for comment in page.comments)
            met += taken
            more, at = page.has_more, at + 1
            if page.next_cursor is not None:
                assert page.next_cursor == taken[-1]
                cursor = page.next_cursor
            # What is posted ahead of the walk while there is more to come is met as well.
            if more and at < 20:
                await video.add({1_000 + at * 500 + number for number in posted})
        assert met == sorted(number for number in video.ids if number > start)

    on_a_store(with_store(walk))


@walks
@given(history=histories, cursor=st.none() | ids, size=st.integers(1, 9), direction=st.sampled_from(Direction))
def test_both_sorts_of_a_page_hold_the_same_comments(
    history: set[int], cursor: int | None, size: int, direction: Direction
) -> None:
    async def compare(store: Store) -> None:
        video = History(store)
        await video.add(history)
        down = await video.page(PageRequest(cursor, direction, size, Sort.DESC))
        up = await video.page(PageRequest(cursor, direction, size, Sort.ASC))
        assert list(up.comments) == list(down.comments)[::-1]
        assert (up.next_cursor, up.has_more) == (down.next_cursor, down.has_more)

    on_a_store(with_store(compare))


async def with_store(test: Any) -> None:
    with TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "comments.sqlite3")
        await store.start()
        try:
            await test(store)
        finally:
            await store.aclose()
