"""Any mix of pages walks the whole history once, whatever is posted meanwhile and wherever the cursor points."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from comment_service.announcements import Announcements
from comment_service.comment import Comment
from comment_service.comments import Comments
from comment_service.metrics import CommentServiceMetrics
from comment_service.page import Direction, Page, PageRequest, Sort
from comment_service.store import Store
from livecomments.v1 import event_pb2
from tests.contract.store.conftest import NewStore

videos = (f"match-{number}" for number in count())
ids = st.integers(min_value=1, max_value=400)
histories = st.sets(ids, max_size=40)
steps = st.lists(
    st.tuples(st.integers(min_value=1, max_value=9), st.sampled_from(Sort), st.sets(ids, max_size=3)), min_size=1
)
# Ids apart: all in one stretch of time that a store may keep together, a few in each, and hours apart.
spreads = st.sampled_from([1, 1 << 38, 1 << 46])
walks = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
OnStore = Callable[[Callable[[Store], Coroutine[Any, Any, None]]], None]


@pytest.fixture
def on_a_store(new_store: NewStore) -> Iterator[OnStore]:
    """Runs a test on a started store, which all examples share: each has a video of its own."""
    with asyncio.Runner() as runner:
        store = new_store()
        runner.run(store.start())
        yield lambda test: runner.run(test(store))
        runner.run(store.aclose())


class Nowhere:
    def publish(self, event: event_pb2.Event) -> None:
        """Nobody listens in these tests."""


class History:
    """A video's history on a real store, and what it ought to be; its ids are ``spread`` times those of the test."""

    def __init__(self, store: Store, spread: int) -> None:
        self._store = store
        self._spread = spread
        self._video = next(videos)
        metrics = CommentServiceMetrics(CollectorRegistry())
        self._use_cases = Comments(store, lambda: 0, Announcements(Nowhere(), metrics), metrics)
        self.ids: set[int] = set()

    async def add(self, ids: set[int]) -> None:
        new = ids - self.ids
        comments = [Comment(n * self._spread, self._video, "u-1", "Ada", "hello") for n in new]
        await asyncio.gather(*map(self._store.comments.add, comments))
        self.ids |= new

    async def page(self, request: PageRequest) -> Page:
        cursor = None if request.cursor is None else request.cursor * self._spread
        page = self._in_test_ids(await self._use_cases.list(self._video, replace(request, cursor=cursor)))
        found = [comment.comment_id for comment in page.comments]
        assert found == sorted(found, reverse=request.sort is Sort.DESC)
        assert len(found) <= request.size
        assert (page.next_cursor is not None) == page.has_more
        return page

    def _in_test_ids(self, page: Page) -> Page:
        comments = [replace(each, comment_id=each.comment_id // self._spread) for each in page.comments]
        cursor = None if page.next_cursor is None else page.next_cursor // self._spread
        return replace(page, comments=comments, next_cursor=cursor)


@walks
@given(history=histories, start=st.none() | ids, steps=steps, spread=spreads)
def test_a_walk_back_meets_everything_older_once(
    on_a_store: OnStore, history: set[int], start: int | None, steps: list[tuple[int, Sort, set[int]]], spread: int
) -> None:
    async def walk(store: Store) -> None:
        video = History(store, spread)
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

    on_a_store(walk)


@walks
@given(history=histories, start=st.just(0) | ids, steps=steps, spread=spreads)
def test_a_walk_forward_meets_everything_newer_once(
    on_a_store: OnStore, history: set[int], start: int, steps: list[tuple[int, Sort, set[int]]], spread: int
) -> None:
    async def walk(store: Store) -> None:
        video = History(store, spread)
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

    on_a_store(walk)


@walks
@given(
    history=histories,
    cursor=st.none() | ids,
    size=st.integers(1, 9),
    direction=st.sampled_from(Direction),
    spread=spreads,
)
def test_both_sorts_of_a_page_hold_the_same_comments(
    on_a_store: OnStore, history: set[int], cursor: int | None, size: int, direction: Direction, spread: int
) -> None:
    async def compare(store: Store) -> None:
        video = History(store, spread)
        await video.add(history)
        down = await video.page(PageRequest(cursor, direction, size, Sort.DESC))
        up = await video.page(PageRequest(cursor, direction, size, Sort.ASC))
        assert list(up.comments) == list(down.comments)[::-1]
        assert (up.next_cursor, up.has_more) == (down.next_cursor, down.has_more)

    on_a_store(compare)
