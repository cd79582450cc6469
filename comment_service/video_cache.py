"""What is known of videos, remembered for a moment: each post asks, and hardly anything ever changes."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from comment_service.video import Video


@dataclass(slots=True)
class _Entry:
    reading: asyncio.Task[Video]
    until: float = float("inf")  # while it is being read


class VideoCache:
    """Of at most ``max_videos``, ``life_s`` each; however many ask at once, ``read`` is called once a video.

    A failure is given to all who wait for it and not remembered.
    """

    def __init__(
        self,
        read: Callable[[str], Awaitable[Video]],
        *,
        life_s: float,
        max_videos: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._life_s = life_s
        self._max_videos = max_videos
        self._clock = clock
        self._entries: OrderedDict[str, _Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    async def get(self, live_video_id: str) -> Video:
        """Raises what ``read`` raises."""
        entry = self._entries.get(live_video_id)
        if entry is None or entry.until <= self._clock():
            entry = self._begin(live_video_id)
        if entry.reading.done():
            return entry.reading.result()
        return await asyncio.shield(entry.reading)

    def forget(self, live_video_id: str) -> None:
        """What comes next is read anew, whatever is being read now."""
        self._entries.pop(live_video_id, None)

    def _begin(self, live_video_id: str) -> _Entry:
        began = self._clock()

        async def read() -> Video:
            try:
                video = await self._read(live_video_id)
            except BaseException:
                if self._entries.get(live_video_id) is entry:
                    del self._entries[live_video_id]
                raise
            entry.until = began + self._life_s
            return video

        entry = _Entry(asyncio.ensure_future(read()))
        self._entries[live_video_id] = entry
        self._entries.move_to_end(live_video_id)
        if len(self._entries) > self._max_videos:
            self._entries.popitem(last=False)
        return entry
