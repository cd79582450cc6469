"""Who watches, all RMS nodes together: heard from each, told to each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from dispatcher.metrics import DispatcherMetrics
from dispatcher.reasons import RefusalReason
from dispatcher.viewer_counts import ViewerCounts
from dispatcher.viewer_totals import ViewerTotals
from service_kit import rendezvous
from service_kit.tasks import end_tasks
from service_kit.video_id import is_video_id

# Between two looks for what is to be told: what is reported meanwhile goes in one message.
TICK_S = 0.25
# Videos looked at before the loop serves others.
SLICE = 500


class Report(Protocol):
    """``livecomments.v1.ViewerCount``."""

    live_video_id: str
    count: int


class Viewers:
    """Hears from every RMS how many watch each video there, and tells those that serve it the sum.

    Every dispatcher hears of all videos; of each, the one dispatcher that owns it tells. ``rms_of`` gives the RMS
    nodes with a route of a video; ``tell(rms_id, video, total)`` must not block.
    """

    def __init__(
        self,
        counts: ViewerCounts,
        totals: ViewerTotals,
        metrics: DispatcherMetrics,
        *,
        node_id: str,
        rms_of: Callable[[str], Sequence[str]],
        tell: Callable[[str, str, int], None],
    ) -> None:
        self._counts = counts
        self._totals = totals
        self._metrics = metrics
        self._node_id = node_id
        self._rms_of = rms_of
        self._tell = tell
        self._task: asyncio.Task[None] | None = None

    def report(self, rms_id: str, reports: Iterable[Report]) -> None:
        """An RMS says how many watch there."""
        for report in reports:
            video = report.live_video_id
            if not is_video_id(video):
                self._metrics.refused.labels(RefusalReason.MALFORMED).inc()
                continue
            if self._counts.report(rms_id, video, report.count):
                # It has only just begun to serve the video, or the stream is new: it has not been told yet.
                told = self._totals.told(video)
                if told is not None:
                    self._tell(rms_id, video, told)
            self._totals.changed(video)
            self._metrics.viewer_reports.inc()

    def stream_ended(self, rms_id: str) -> None:
        """What an RMS said holds no longer than its next stream takes."""
        self._counts.stream_ended(rms_id)

    def follow(self, dispatchers: Iterable[str]) -> None:
        """These are alive: each video is owned by one of them."""
        alive = frozenset(dispatchers)
        self._totals.own(lambda video: rendezvous.owner(video, alive) == self._node_id)

    async def start(self) -> None:
        """Begins to tell. Idempotent."""
        if self._task is None:
            self._task = asyncio.create_task(self._keep_telling())

    async def aclose(self) -> None:
        """Tells no more. Idempotent."""
        task, self._task = self._task, None
        await end_tasks(task)

    async def _keep_telling(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            while gone := self._counts.expire(SLICE):
                for video in gone:
                    self._totals.changed(video)
                await asyncio.sleep(0)
            while self._totals.due:
                self._tell_some()
                await asyncio.sleep(0)

    def _tell_some(self) -> None:
        for video, total in self._totals.take(SLICE):
            self._metrics.viewer_totals.inc()
            for rms_id in {*self._rms_of(video), *self._counts.holders(video)}:
                self._tell(rms_id, video, total)
