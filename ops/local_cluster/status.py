"""What each part of a running cluster is doing, from its supervisor and its metrics."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

from ops.client.errors import ClientError
from ops.local_cluster.cluster import Part
from ops.local_cluster.node import Node
from ops.local_cluster.samples import Samples
from ops.local_cluster.supervisor import PartStatus, State

VIEWERS = "livecomments_rms_viewers"
# Process → the counter of comments (and other events) that it passed on.
COMMENTS: Mapping[str, str] = {
    "rms": "livecomments_rms_published_total",
    "dispatcher": "livecomments_dispatcher_events_received_total",
    "comment-service": "livecomments_comment_service_comments_stored_total",
}


@dataclass(frozen=True)
class PartRow:
    """One line of the table; ``viewers`` and ``comments_per_s`` are None where a part has none or does not answer."""

    name: str
    state: State
    in_state_s: float
    pid: int | None
    restarts: int
    viewers: int | None
    comments_per_s: float | None


class StatusReader:
    """Reads a cluster's state again and again; rates are between two readings."""

    def __init__(self, parts: Mapping[str, Part], status: Mapping[str, PartStatus]) -> None:
        self._parts = parts
        self._status = status
        self._last: dict[str, tuple[float, float]] = {}  # name → when, and the counter then

    async def read(self) -> list[PartRow]:
        """A row for each part, in their order."""
        return list(await asyncio.gather(*(self._row(name) for name in self._parts)))

    async def _row(self, name: str) -> PartRow:
        status = self._status[name]
        part = self._parts[name]
        samples = await self._samples(name) if status.state is State.UP else None
        return PartRow(
            name=name,
            state=status.state,
            in_state_s=time.monotonic() - status.since,
            pid=part.process.pid if status.state is State.UP else None,
            restarts=status.restarts,
            viewers=int(samples.total(VIEWERS)) if samples and VIEWERS in samples else None,
            comments_per_s=self._rate(name, samples),
        )

    async def _samples(self, name: str) -> Samples | None:
        part = self._parts[name]
        if not isinstance(part, Node):
            return None
        try:
            return await part.samples()
        except ClientError:
            return None

    def _rate(self, name: str, samples: Samples | None) -> float | None:
        part = self._parts[name]
        counter = COMMENTS.get(part.kind) if isinstance(part, Node) else None
        if samples is None or counter is None:
            self._last.pop(name, None)
            return None
        now, value = time.monotonic(), samples.total(counter)
        before, self._last[name] = self._last.get(name), (now, value)
        if before is None or value < before[1] or now <= before[0]:
            return 0.0
        return (value - before[1]) / (now - before[0])
