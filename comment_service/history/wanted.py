"""What is asked for of a video's history, and which comments the answer depends on. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from comment_service.page import Direction, Page, PageRequest
from coordination.ids import id_time_ms

MAX_ID = 2**64 - 1


@dataclass(frozen=True, slots=True)
class PageOf:
    """A page of the video, or of the thread that the comment ``thread`` began."""

    live_video_id: str
    request: PageRequest
    thread: int | None = None

    @property
    def seeks_the_newest(self) -> bool:
        """Whoever walks towards the new wants to know what is there now: nothing that is remembered may end it."""
        return self.thread is None and self.request.cursor is not None and self.request.direction is Direction.AFTER


@dataclass(frozen=True, slots=True)
class OneComment:
    live_video_id: str
    comment_id: int

    @property
    def seeks_the_newest(self) -> bool:
        return False


Wanted = PageOf | OneComment


@dataclass(frozen=True, slots=True)
class Covered:
    """The ids, first and last included, whose comments make an answer what it is: present ones and ones to come."""

    first: int
    last: int

    def __contains__(self, comment_id: int) -> bool:
        return self.first <= comment_id <= self.last

    def is_settled(self, now_ms: float, after_ms: float) -> bool:
        """Whether no comment with such an id will be posted any more; milliseconds since 1970."""
        return id_time_ms(self.last) + after_ms <= now_ms


def covered_by(request: PageRequest, page: Page) -> Covered:
    """A page that leads on ends at its outermost comment, any other at the end of time."""
    ids = [comment.comment_id for comment in page.comments]
    if request.cursor is not None and request.direction is Direction.AFTER:
        return Covered(request.cursor + 1, max(ids) if page.has_more else MAX_ID)
    last = MAX_ID if request.cursor is None else request.cursor - 1
    return Covered(min(ids) if page.has_more else 0, last)
