"""Tells one dispatcher, on its Deliver stream, how many watch each video here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from livecomments.v1 import realtime_messaging_pb2
from rms.viewer_counts import ViewerCounts

# In one message.
MAX_COUNTS = 1000
# Between two messages of one report: 40,000 counts a second at most, so that a full one holds up no delivery.
PAUSE_S = 0.025

ViewerCount = realtime_messaging_pb2.ViewerCount


async def report_counts(
    counts: ViewerCounts, send: Callable[[list[ViewerCount]], Awaitable[None]], *, every_s: float
) -> None:
    """Sends all counts, then those that change: at once, and a video's again ``every_s`` later at the soonest.

    Goes on until it is cancelled.
    """
    wake = asyncio.Event()
    changes = counts.changes(wake.set)
    try:
        while True:
            await wake.wait()
            wake.clear()
            left = len(changes)  # what changes meanwhile is for the next report
            while left:
                taken = changes.take(min(left, MAX_COUNTS))
                if not taken:
                    break
                left -= len(taken)
                await send([ViewerCount(live_video_id=video, count=count) for video, count in taken])
                await asyncio.sleep(PAUSE_S)
            await asyncio.sleep(every_s)
    finally:
        changes.close()
