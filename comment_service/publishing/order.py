"""Stored comments are announced in id order, whatever order their writes end in."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from livecomments.v1 import event_pb2


class PublishOrder:
    """Holds each video's events from the moment their writes begin, and publishes from the front what is stored, each
    time that it is told that a write has ended.

    A store that writes in parallel (Cassandra) ends writes in any order; viewers must still get ids rising, and
    ``previous_id`` must name what was published just before. What is stored is published even when whoever posted it
    has gone. Bounded by the writes that the store takes in.
    """

    def __init__(self, publish: Callable[[event_pb2.Event], None]) -> None:
        self._publish = publish
        self._by_video: dict[str, deque[tuple[event_pb2.Event, asyncio.Future[Any]]]] = {}

    def __len__(self) -> int:
        """Events that wait for their write, or for one before theirs."""
        return sum(len(queue) for queue in self._by_video.values())

    def add(self, event: event_pb2.Event, write: asyncio.Future[Any]) -> None:
        """``event`` is published once ``write`` is done, and dropped where it fails or is False."""
        self._by_video.setdefault(event.live_video_id, deque()).append((event, write))

    def advance(self, live_video_id: str) -> None:
        """A write in that video has ended."""
        queue = self._by_video.get(live_video_id)
        while queue and queue[0][1].done():
            event, write = queue.popleft()
            if not write.cancelled() and write.exception() is None and write.result() is not False:
                self._publish(event)
        if not queue:
            self._by_video.pop(live_video_id, None)

    async def drain(self) -> None:
        """Waits until every write has ended and what it stored is published."""
        while writes := [write for queue in self._by_video.values() for _, write in queue]:
            await asyncio.wait(writes)
