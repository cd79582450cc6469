"""A page of comments as the HTTP API shows it. Pure."""

from __future__ import annotations

from comment_service.page import Page


def page_json(page: Page) -> bytes:
    """``{"comments": [...], "nextCursor": id or null, "hasMore": bool}``, UTF-8."""
    cursor = "null" if page.next_cursor is None else f'"{page.next_cursor}"'
    has_more = "true" if page.has_more else "false"
    comments = b",".join(comment.to_json() for comment in page.comments)
    return b'{"comments":[%b],"nextCursor":%b,"hasMore":%b}' % (comments, cursor.encode(), has_more.encode())
