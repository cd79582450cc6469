"""Posting over HTTP as many authors, remembering what was acknowledged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from types import TracebackType

from ops.client import CommentsApi, HttpClient
from tests.support.cluster import Cluster


class Author:
    """Posts to a cluster; ``sent_at`` has each acknowledged comment's id and when its request was sent."""

    def __init__(self, cluster: Cluster, *, at_once: int = 16) -> None:
        self._cluster = cluster
        self._http = HttpClient(cluster.url, max_connections=at_once, timeout_s=60)
        self._tokens: dict[str, str] = {}
        self.api = CommentsApi(self._http)
        self.sent_at: dict[int, float] = {}

    async def __aenter__(self) -> Author:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def post(self, video: str, text: str = "hello", *, user: str = "ada") -> int:
        """The id of the comment, once it was acknowledged. Raises ``ClientError`` where it was not."""
        if user not in self._tokens:
            self._tokens[user] = await self._cluster.token(user)
        now = time.monotonic()
        comment = await self.api.post(video, text, token=self._tokens[user])
        comment_id = int(comment["commentId"])
        self.sent_at[comment_id] = now
        return comment_id

    async def post_all(self, video: str, texts: Iterable[str], *, at_once: int = 16) -> list[int]:
        """Posts all and returns their ids in time order."""
        slots = asyncio.Semaphore(at_once)

        async def one(text: str) -> int:
            async with slots:
                return await self.post(video, text)

        return sorted(await asyncio.gather(*(one(text) for text in texts)))

    async def stored(self, video: str) -> list[int]:
        """The ids of all comments of the video, by REST, oldest first."""
        return [int(comment["commentId"]) async for comment in self.api.after(video, "0")]
