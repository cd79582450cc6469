"""A page of a video's history: what is asked for, and how what was found becomes the answer. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from comment_service.comment import Comment

DEFAULT_SIZE = 50


class Direction(StrEnum):
    """Which side of the cursor the page lies on."""

    BEFORE = "before"
    AFTER = "after"


class Sort(StrEnum):
    """How the page is ordered."""

    DESC = "desc"
    ASC = "asc"


@dataclass(frozen=True, slots=True)
class PageRequest:
    """``cursor`` None asks for the newest page, whatever the direction."""

    cursor: int | None = None
    direction: Direction = Direction.BEFORE
    size: int = DEFAULT_SIZE
    sort: Sort = Sort.DESC


@dataclass(frozen=True, slots=True)
class Page:
    """``next_cursor`` leads to the next page in the same direction; None where there is none (``not has_more``)."""

    comments: Sequence[Comment]
    next_cursor: int | None
    has_more: bool

    def to_json(self) -> bytes:
        """``{"comments": [...], "nextCursor": id or null, "hasMore": bool}``, UTF-8."""
        cursor = "null" if self.next_cursor is None else f'"{self.next_cursor}"'
        has_more = "true" if self.has_more else "false"
        comments = b",".join(comment.to_json() for comment in self.comments)
        return b'{"comments":[%b],"nextCursor":%b,"hasMore":%b}' % (comments, cursor.encode(), has_more.encode())


def page_of(found: Sequence[Comment], request: PageRequest) -> Page:
    """The page from ``found``: up to ``request.size + 1`` comments on the cursor's side, the nearest first."""
    taken = found[: request.size]
    # Nothing is newer than the newest page, so a walk towards the new ends there at once.
    leads_on = request.cursor is not None or request.direction is Direction.BEFORE
    has_more = leads_on and len(found) > request.size
    newest_first = request.cursor is None or request.direction is Direction.BEFORE
    in_order = newest_first == (request.sort is Sort.DESC)
    return Page(
        comments=taken if in_order else taken[::-1],
        next_cursor=taken[-1].comment_id if has_more else None,
        has_more=has_more,
    )
