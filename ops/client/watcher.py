"""A viewer that stays: comes back after every break, and gives each comment once."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, NamedTuple

from ops.client.backoff import Backoff, jittered
from ops.client.comments_api import CommentsApi
from ops.client.errors import ApiError, ClientError, ProtocolError
from ops.client.http_client import HttpClient
from ops.client.inbox import Inbox
from ops.client.sse import SseEvent
from ops.client.sse_viewer import SseViewer

# Comments of the last two seconds may come again from another node, and a thousand after a resync.
REMEMBERED_IDS = 10_000
DEFAULT_RETRY_S = 1.0
# Any other error status is final: the request will not get better.
PASSING_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})


class Event(NamedTuple):
    """An event of the live stream: its name as in the contract, and its data."""

    name: str
    data: dict[str, Any]


class Watcher:
    """Follows one video until its end.

    Comments come in the order of the stream and never twice; what a ``resync`` says was missed is read by REST in
    its place.

    Args:
        url: the origin.
        video: the ``liveVideoId``.
        backlog: how many earlier comments come first, 0–1000.
        token: what to read with.
        ask_token: where to have one from as soon as the server wants one, where none is given.
        on_state: told in a few words when the connection is made, lost, or tried again.
    """

    def __init__(
        self,
        url: str,
        video: str,
        *,
        backlog: int = 100,
        token: str | None = None,
        ask_token: Callable[[], Awaitable[str]] | None = None,
        on_state: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._url = url
        self._video = video
        self._backlog = backlog
        self._token = token
        self._ask_token = ask_token
        self._on_state = on_state
        self._last_event_id = ""
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._backoff = Backoff(first_s=0.25, longest_s=15.0)
        self._retry_s = DEFAULT_RETRY_S
        self._was_connected = False

    async def events(self) -> AsyncIterator[Event]:
        """Everything that happens on the video, up to its ``end`` event.

        Raises ``ApiError`` for a lasting refusal (400, 404, …) and ``ClientError`` where the first attempt finds no
        server; later breaks are waited out.
        """
        while True:
            try:
                async with aclosing(self._one_connection()) as events:
                    async for event in events:
                        yield event
                        if event.name == "end":
                            return
                wait_s, why = jittered(self._retry_s), "the connection was closed"
            except ClientError as error:
                if await self._has_token_now(error):
                    continue
                if self._is_final(error):
                    raise
                wait_s, why = self._wait_after(error), str(error)
            self._on_state(f"{why}; again in {wait_s:.1f} s")
            await asyncio.sleep(wait_s)

    async def _one_connection(self) -> AsyncGenerator[Event, None]:
        inbox = Inbox()
        viewer = inbox.viewer = SseViewer(
            self._url,
            self._video,
            inbox.put,
            on_closed=inbox.close,
            last_event_id=self._last_event_id,
            query={} if self._last_event_id else {"backlog": str(self._backlog)},
            headers={} if self._token is None else {"Authorization": f"Bearer {self._token}"},
        )
        self._retry_s = DEFAULT_RETRY_S
        try:
            await viewer.connect()
            self._was_connected = True
            self._on_state("connected")
            while (event := await inbox.get()) is not None:
                self._backoff.reset()
                async for each in self._understand(event):
                    yield each
                self._last_event_id = event.last_event_id
                if event.event == "reconnect":
                    return
            if viewer.retry_ms is not None:
                self._retry_s = viewer.retry_ms / 1000
        finally:
            await viewer.aclose()

    async def _understand(self, event: SseEvent) -> AsyncIterator[Event]:
        data = _parse(event)
        if event.event == "comment":
            if self._is_new(data):
                yield Event("comment", data)
        elif event.event == "resync":
            self._on_state("some comments were missed; reading them")
            async for missed in self._missed_after(str(data.get("after", ""))):
                yield missed
        elif event.event == "reconnect":
            self._retry_s = _number(data.get("afterMs")) / 1000
        else:
            yield Event(event.event, data)

    async def _missed_after(self, cursor: str) -> AsyncIterator[Event]:
        async with HttpClient(self._url, max_connections=1) as http:
            async for comment in CommentsApi(http, reader_token=self._token).after(self._video, cursor):
                if self._is_new(comment):
                    yield Event("comment", comment)

    def _is_new(self, comment: dict[str, Any]) -> bool:
        comment_id = str(comment.get("commentId"))
        if comment_id in self._seen:
            return False
        self._seen[comment_id] = None
        if len(self._seen) > REMEMBERED_IDS:
            self._seen.popitem(last=False)
        return True

    async def _has_token_now(self, error: ClientError) -> bool:
        """Whether the server wants a token and there is one now that it has not seen."""
        if not isinstance(error, ApiError) or error.status != 401 or self._token is not None or not self._ask_token:
            return False
        self._token = await self._ask_token()
        return True

    def _is_final(self, error: ClientError) -> bool:
        if isinstance(error, ApiError):
            return error.status not in PASSING_STATUSES
        return not self._was_connected

    def _wait_after(self, error: ClientError) -> float:
        wait_s = self._backoff.next_s()
        asked_s = error.retry_after_s if isinstance(error, ApiError) else None
        return max(wait_s, asked_s or 0.0)


def _parse(event: SseEvent) -> dict[str, Any]:
    try:
        data = json.loads(event.data)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise ProtocolError(f"a {event.event} event whose data is not a JSON object")
    return data


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
