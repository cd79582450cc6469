"""What is kept, what goes, and why."""

from __future__ import annotations

from collections import Counter

import pytest

from comment_service.comment import Comment
from comment_service.history.page_cache import Answer, CacheLimits, HistoryDropReason, Life, PageCache
from comment_service.history.wanted import MAX_ID, Covered, OneComment, PageOf, Wanted, covered_by
from comment_service.page import Direction, PageRequest, Sort, page_of

VIDEO = "match-42"
LIMITS = CacheLimits(recent_s=1.0, settled_s=20.0, max_entries=3, max_bytes=10_000)


class Cache:
    """A cache, a clock, and what was dropped."""

    def __init__(self, limits: CacheLimits = LIMITS) -> None:
        self.now = 100.0
        self.dropped: Counter[HistoryDropReason] = Counter()
        self.cache = PageCache(limits, on_drop=lambda reason: self.dropped.update([reason]), clock=lambda: self.now)

    def put(self, wanted: Wanted, *, covered: Covered, life: Life = Life.RECENT, body: bytes = b"{}") -> None:
        self.cache.put(wanted, Answer(body, '"1"', life), covered, self.now)

    def has(self, *wanted: Wanted) -> list[bool]:
        return [self.cache.get(each) is not None for each in wanted]


def one(comment_id: int, video: str = VIDEO) -> OneComment:
    return OneComment(video, comment_id)


def put_one(cache: Cache, comment_id: int, life: Life = Life.RECENT, size: int = 2) -> OneComment:
    cache.put(one(comment_id), covered=Covered(comment_id, comment_id), life=life, body=b" " * size)
    return one(comment_id)


def test_each_life_has_its_end() -> None:
    cache = Cache()
    recent, settled = put_one(cache, 1), put_one(cache, 2, Life.SETTLED)
    passing = put_one(cache, 3, Life.NONE)
    assert cache.has(recent, settled, passing) == [True, True, False]
    cache.now += 1.0
    assert cache.has(recent, settled) == [False, True]
    cache.now += 19.0
    assert cache.has(settled) == [False]
    assert (len(cache.cache), cache.cache.bytes) == (0, 0)
    assert cache.dropped == {HistoryDropReason.EXPIRED: 2}


def test_the_least_recently_used_goes_first() -> None:
    cache = Cache()
    first, second, third = (put_one(cache, number) for number in range(3))
    cache.has(first)
    fourth = put_one(cache, 4)
    assert cache.has(first, second, third, fourth) == [True, False, True, True]
    assert cache.dropped == {HistoryDropReason.MANY_ENTRIES: 1}


def test_bytes_are_bounded() -> None:
    cache = Cache()
    first, second = put_one(cache, 1, size=6_000), put_one(cache, 2, size=6_000)
    assert cache.has(first, second) == [False, True]
    assert cache.dropped == {HistoryDropReason.MANY_BYTES: 1}
    too_large = put_one(cache, 3, size=10_001)
    assert cache.has(second, too_large) == [True, False]
    assert 6_000 < cache.cache.bytes <= 10_000


def test_without_a_life_nothing_is_kept() -> None:
    cache = Cache(CacheLimits(recent_s=0.0))
    assert cache.has(put_one(cache, 1), put_one(cache, 2, Life.SETTLED)) == [False, False]


def test_a_comment_that_is_written_drops_what_depends_on_it() -> None:
    cache = Cache(CacheLimits())
    newest = PageOf(VIDEO, PageRequest())
    older = PageOf(VIDEO, PageRequest(cursor=50))
    thread = PageOf(VIDEO, PageRequest(0, Direction.AFTER, 50, Sort.ASC), thread=60)
    other = PageOf("match-43", PageRequest())

    def fill() -> None:
        cache.put(newest, covered=Covered(50, MAX_ID))
        cache.put(older, covered=Covered(0, 49), life=Life.SETTLED)
        cache.put(thread, covered=Covered(1, MAX_ID))
        cache.put(other, covered=Covered(0, MAX_ID))

    every = (newest, older, thread, other)
    for comment_id, of_thread, left in [
        (100, None, [False, True, True, True]),
        (100, 60, [False, True, False, True]),
        (49, None, [True, False, True, True]),
    ]:
        fill()
        cache.cache.written(VIDEO, comment_id, of_thread)
        assert cache.has(*every) == left
    fill()
    cache.cache.changed(VIDEO, 49)  # it may belong to any thread
    assert cache.has(*every) == [True, False, False, True]
    fill()
    cache.cache.drop_video(VIDEO)
    assert cache.has(*every) == [False, False, False, True]


@pytest.mark.parametrize(
    ("request_", "found", "covered"),
    [
        (PageRequest(None, size=2), [9, 7, 5], Covered(7, MAX_ID)),
        (PageRequest(None, size=2), [9, 7], Covered(0, MAX_ID)),
        (PageRequest(None, Direction.AFTER, 2), [9, 7, 5], Covered(0, MAX_ID)),
        (PageRequest(9, size=2, sort=Sort.ASC), [7, 5, 3], Covered(5, 8)),
        (PageRequest(9, size=2), [], Covered(0, 8)),
        (PageRequest(3, Direction.AFTER, 2), [5, 7, 9], Covered(4, 7)),
        (PageRequest(3, Direction.AFTER, 2), [5], Covered(4, MAX_ID)),
    ],
)
def test_a_page_depends_on_all_that_would_be_in_it(request_: PageRequest, found: list[int], covered: Covered) -> None:
    comments = [Comment(comment_id, VIDEO, "u-1", "Ada", "hello") for comment_id in found]
    assert covered_by(request_, page_of(comments, request_)) == covered
