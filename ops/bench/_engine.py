"""An RMS's engine with one video, without what surrounds it: what the benches in one process share."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path
from typing import cast

from prometheus_client import CollectorRegistry, Histogram

from rms import frames
from rms.channel import Channel
from rms.hub import Hub
from rms.joining import Joiner
from rms.metrics import ServiceMetrics
from rms.pump import Pump
from rms.reasons import RefusalReason
from rms.reception import Reception
from rms.viewer import Viewer
from rms.wheel import Wheel

PAYLOAD_BYTES = 250
PATH = "/comments/bench/stream"


class Engine:
    """What an edge needs; ``hub`` has everyone watch the same ``channel``."""

    def __init__(self) -> None:
        self.pump = Pump()
        self.wheel = Wheel()
        self.metrics = ServiceMetrics(CollectorRegistry())
        self._flushed = asyncio.Event()
        self.metrics.flush_seconds = cast("Histogram", _FlushSignal(self._flushed))
        self.channel = Channel("bench", pump=self.pump, wheel=self.wheel, metrics=self.metrics)
        self.channel.seed(())
        self.viewers: list[Viewer] = []
        """All that have joined."""
        self.hub = cast("Hub", _OneVideo(self.channel, self.viewers))
        self.reception = Reception(self.hub, self.metrics)
        self._last_id = 0

    def frame(self) -> frames.Frame:
        """The next comment, of ``PAYLOAD_BYTES``."""
        self._last_id += 1
        room = PAYLOAD_BYTES - len(frames.encode(frames.COMMENT, b"", 10**12).data)
        return frames.encode(frames.COMMENT, b"x" * room, 10**12 + self._last_id)

    def publish(self, frame: frames.Frame) -> None:
        """``flushed`` tells of this one."""
        self._flushed.clear()
        self.channel.publish(frame)

    async def flushed(self) -> None:
        """Waits until all viewers have been sent it."""
        await self._flushed.wait()


class _FlushSignal:
    """Stands in for the flush histogram, as what is observed at the end of each flush."""

    def __init__(self, flushed: asyncio.Event) -> None:
        self._flushed = flushed

    def observe(self, seconds: float) -> None:
        self._flushed.set()


class _OneVideo:
    """Stands in for the hub."""

    def __init__(self, channel: Channel, viewers: list[Viewer]) -> None:
        self._channel = channel
        self._viewers = viewers

    def refusal(self, video: str) -> RefusalReason | None:
        return None

    def join(self, video: str, joiner: Joiner) -> None:
        self._viewers.append(joiner.viewer)
        self._channel.join(joiner.viewer, joiner.opening, backlog=joiner.backlog)


def resident_bytes() -> int:
    """Of this process, once what is of no use has been let go of."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096
