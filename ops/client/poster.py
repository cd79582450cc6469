"""Posts to one video, and watches it meanwhile where the server lets only those post who do."""

from __future__ import annotations

import asyncio
import json
from typing import Self

from ops.client.comments_api import Comment, CommentsApi
from ops.client.errors import ApiError, ClientError
from ops.client.sse import SseEvent
from ops.client.sse_viewer import SseViewer

TICKET_TIMEOUT_S = 3.0


class Poster:
    """The first post that is refused with 403 opens the video's stream, whose ticket the next ones show."""

    def __init__(self, api: CommentsApi, url: str, video: str) -> None:
        self._api = api
        self._url = url
        self._video = video
        self._watching: SseViewer | None = None
        self._opening = asyncio.Lock()
        self._ticket: str | None = None
        self._ticketed = asyncio.Event()
        self._without_tickets = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def post(self, content: str, *, token: str) -> Comment:
        """Posts one comment as the token's user. Raises as ``CommentsApi.post`` does."""
        shown = self._ticket
        try:
            return await self._api.post(self._video, content, token=token, ticket=shown)
        except ApiError as refused:
            if refused.status != 403 or not await self._has_another_ticket(shown, token):
                raise
        return await self._api.post(self._video, content, token=token, ticket=self._ticket)

    async def aclose(self) -> None:
        """Watches no more. Idempotent."""
        watching, self._watching = self._watching, None
        if watching is not None:
            await watching.aclose()

    async def _has_another_ticket(self, shown: str | None, token: str) -> bool:
        async with self._opening:  # of many that are refused at once, one opens the stream
            if self._ticket == shown and not self._without_tickets and not self._still_watching:
                await self._watch(token)
        return self._ticket != shown

    @property
    def _still_watching(self) -> bool:
        return self._watching is not None and self._watching.connected

    async def _watch(self, token: str) -> None:
        await self.aclose()
        self._ticketed.clear()
        headers = {"Authorization": f"Bearer {token}"}
        watching = SseViewer(self._url, self._video, self._take, query={"backlog": "0"}, headers=headers)
        try:
            await watching.connect()
            self._watching = watching
            async with asyncio.timeout(TICKET_TIMEOUT_S):
                await self._ticketed.wait()
        except TimeoutError:
            self._without_tickets = True  # so the refusal was about something else
            await self.aclose()
        except ClientError:
            pass  # the refusal of the post says more

    def _take(self, event: SseEvent) -> None:
        if event.event != "ticket":
            return
        try:
            self._ticket = str(json.loads(event.data)["ticket"])
        except (ValueError, KeyError, TypeError):
            return
        self._ticketed.set()
