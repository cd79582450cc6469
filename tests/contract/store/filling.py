"""Comments for a store."""

from __future__ import annotations

import asyncio

from comment_service.comment import Comment
from comment_service.store import Store


def a_comment(comment_id: int, video: str = "match-42", **fields: object) -> Comment:
    values: dict[str, object] = {"author_id": "u-1", "author_name": "Ada", "content": f"comment {comment_id}"}
    return Comment(comment_id, video, **(values | fields))  # type: ignore[arg-type]


async def fill(store: Store, ids: list[int], video: str = "match-42") -> None:
    await asyncio.gather(*[store.comments.add(a_comment(comment_id, video)) for comment_id in ids])


def ids(comments: list[Comment]) -> list[int]:
    return [comment.comment_id for comment in comments]
