"""The comments of a video over HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote, urlencode

from ops.client.errors import ApiError, ProtocolError
from ops.client.http_client import HttpClient, Response
from ops.client.problem import problem_detail, retry_after_s

Comment = dict[str, Any]
MAX_PAGE_SIZE = 200


@dataclass(frozen=True)
class Page:
    """A page of history; ``next_cursor`` goes on in the same direction, None where nothing follows."""

    comments: list[Comment]
    next_cursor: str | None
    has_more: bool


class CommentsApi:
    """Posts and reads comments. Every call raises ``ApiError`` for an error status and ``ClientError`` otherwise.

    ``reader_token``: what reading brings, where it needs a token.
    """

    def __init__(self, http: HttpClient, *, reader_token: str | None = None) -> None:
        self._http = http
        self._reading = {} if reader_token is None else {"Authorization": f"Bearer {reader_token}"}

    async def post(self, video: str, content: str, *, token: str, ticket: str | None = None) -> Comment:
        """Posts one comment as the token's user and returns it as it was stored. ``ticket``: of the video's stream."""
        watching = {} if ticket is None else {"Livecomments-Ticket": ticket}
        response = await self._http.request(
            "POST",
            f"/comments/{quote(video, safe='')}",
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json", **watching},
            body=json.dumps({"content": content}, ensure_ascii=False).encode("utf-8", "surrogatepass"),
        )
        return _json_object(response, expected=201)

    async def page(
        self,
        video: str,
        *,
        cursor: str | None = None,
        direction: Literal["before", "after"] = "before",
        sort: Literal["desc", "asc"] = "desc",
        page_size: int = 50,
    ) -> Page:
        """One page; without a cursor the newest."""
        query = {"direction": direction, "sort": sort, "pageSize": str(page_size)}
        if cursor is not None:
            query["cursor"] = cursor
        path = f"/comments/{quote(video, safe='')}?{urlencode(query)}"
        answer = _json_object(await self._http.request("GET", path, headers=self._reading), expected=200)
        return Page(answer["comments"], answer["nextCursor"], answer["hasMore"])

    async def after(self, video: str, cursor: str) -> AsyncIterator[Comment]:
        """All comments strictly newer than ``cursor``, oldest first, page by page."""
        position: str | None = cursor
        while position is not None:
            page = await self.page(video, cursor=position, direction="after", sort="asc", page_size=MAX_PAGE_SIZE)
            for comment in page.comments:
                yield comment
            position = page.next_cursor if page.has_more else None


def _json_object(response: Response, *, expected: int) -> dict[str, Any]:
    if response.status != expected:
        detail = problem_detail(response.head, response.body)
        raise ApiError(response.status, detail, retry_after_s=retry_after_s(response.head))
    try:
        answer = json.loads(response.body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise ProtocolError(f"{response.status} with a body that is not a JSON object")
    return answer
