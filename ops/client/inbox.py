"""What a viewer received and its reader has not taken yet: bounded, by not reading on."""

from __future__ import annotations

import asyncio
from collections import deque

from ops.client.errors import ClientError, UnreachableError
from ops.client.sse import SseEvent
from ops.client.sse_viewer import SseViewer

MAX_WAITING_EVENTS = 1_000
# Three heartbeats of 15 s: a connection that is silent for longer is dead and does not know it.
SILENCE_LIMIT_S = 45.0


class Inbox:
    """Between a viewer's callbacks and one reader. Above 1,000 waiting events the viewer is paused."""

    def __init__(self) -> None:
        self.viewer: SseViewer | None = None
        self._events: deque[SseEvent] = deque()
        self._closed = False
        self._failure: ClientError | None = None
        self._changed = asyncio.Event()

    def put(self, event: SseEvent) -> None:
        self._events.append(event)
        if len(self._events) >= MAX_WAITING_EVENTS and self.viewer is not None:
            self.viewer.pause()
        self._changed.set()

    def close(self, failure: ClientError | None) -> None:
        self._closed, self._failure = True, failure
        self._changed.set()

    async def get(self) -> SseEvent | None:
        """The next event; None after the end.

        Raises the ``ClientError`` that broke the connection, or ``UnreachableError`` after 45 s of silence.
        """
        while not self._events:
            if self._failure is not None:
                raise self._failure
            if self._closed:
                return None
            await self._wait()
        event = self._events.popleft()
        if len(self._events) == MAX_WAITING_EVENTS // 2 and self.viewer is not None:
            self.viewer.resume()
        return event

    async def _wait(self) -> None:
        self._changed.clear()
        try:
            async with asyncio.timeout(SILENCE_LIMIT_S / 3):
                await self._changed.wait()
        except TimeoutError:
            if self.viewer is not None and self.viewer.quiet_s > SILENCE_LIMIT_S:
                raise UnreachableError(f"the stream was silent for {SILENCE_LIMIT_S:g} s") from None
