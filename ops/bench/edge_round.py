"""One round of the edge bench: one way, started, filled with viewers, measured and ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from ops.bench.crowd import Crowd
from ops.bench.figures import Figures, percentile
from ops.bench.probes import Meter, Probes, settled
from ops.bench.process_cost import Cost
from ops.bench.ways import Way

GIANT, QUIET, ALONE, CHAT = "giant", "quiet", "alone", "chat"
PROBES = 40
RATES = {1: 3.0, 10: 2.0, 100: 2.0}
"""Comments a second → for how many seconds."""
QUIET_RATE, QUIET_S, GIANT_RATE = 50, 4.0, 10
CONTENT = "what a goal, nobody saw that one coming"
# The first comments of a gzip viewer are stored, not compressed: it is not them that a stream consists of.
CHAT_WARM_UP = 30
# A video with fewer is not compressed (LIVECOMMENTS_RMS_GZIP_MIN_VIEWERS).
GZIP_VIEWERS = 8


@dataclass(frozen=True)
class Load:
    """What every way has to carry.

    Attributes:
        viewers: of one video, in all.
        flushes: comments that are sent one by one, each when everyone has the one before.
        chat: texts whose bytes are counted.
    """

    viewers: int
    flushes: int
    chat: Sequence[str]


async def measure(way: Way, load: Load) -> Figures:
    """Starts the way, takes its figures and ends it."""
    round_ = _Round(way, load)
    await way.start()
    try:
        await round_.fill()
        await round_.count_cpu()
        await round_.time_posts()
        await round_.time_quiet_video()
        await round_.count_bytes()
        return round_.figures
    finally:
        await round_.aclose()
        await way.aclose()


class _Round:
    def __init__(self, way: Way, load: Load) -> None:
        self.figures: Figures = {}
        self._way = way
        self._load = load
        url = f"http://127.0.0.1:{way.port}"
        self._giant = Probes(url, GIANT)
        # At the node itself: what comes by the edge also waits for the edge, which has a giant's viewers to send to.
        self._quiet = Probes(f"http://127.0.0.1:{way.node_port}", QUIET)
        self._alone = Probes(url, ALONE)
        self._chat = Probes(url, CHAT)
        self._crowd = Crowd()

    async def fill(self) -> None:
        """All viewers join; a join and a viewer's memory."""
        await self._alone.join(1)
        await self._quiet.join(5)
        await self._one_by_one(self._alone, 5)
        node, edge = self._costs()
        crowd = self._load.viewers - PROBES
        await self._crowd.connect(self._way.port, _path(GIANT), crowd)
        # Among the crowd, for that a viewer is sent to in the order in which it came.
        await self._giant.join(PROBES, spread_s=crowd / 4_000)
        await self._crowd.connected()
        await self._crowd.have_answers(crowd)
        await self._crowd.settled()
        for name, cost in zip(("RMS", "edge"), self._costs_since(node, edge), strict=True):
            self.figures[f"{name}, CPU us a join"] = cost.cpu_s / self._load.viewers * 1e6
            self.figures[f"{name}, memory KB a viewer"] = cost.memory_bytes / self._load.viewers / 1024
            self.figures[f"{name}, open files a viewer"] = cost.descriptors / self._load.viewers

    async def count_cpu(self) -> None:
        """What a comment costs with one viewer, and what each further viewer adds."""
        flushes = self._load.flushes
        await self._one_by_one(self._giant, 2, everyone=True)
        costs = {}
        for probes, everyone in ((self._alone, False), (self._giant, True)):
            node, edge = self._costs()
            await self._one_by_one(probes, flushes, everyone=everyone)
            costs[probes.video] = self._costs_since(node, edge)
        for name, alone, giant in zip(("RMS", "edge"), costs[ALONE], costs[GIANT], strict=True):
            added = (giant.cpu_s - alone.cpu_s) / flushes / (self._load.viewers - 1)
            self.figures[f"{name}, CPU us a delivery"] = added * 1e6
            self.figures[f"{name}, CPU us a comment besides"] = alone.cpu_s / flushes * 1e6

    async def time_posts(self) -> None:
        """From the post to the giant video's viewers, at each rate."""
        for rate, seconds in RATES.items():
            await self._at_rate(self._giant, rate, seconds)
            late = self._giant.take_late_ms()
            for share in (50, 99):
                self.figures[f"post to viewer at {rate}/s, p{share} ms"] = percentile(late, share)

    async def time_quiet_video(self) -> None:
        """From the post to a quiet video's viewers, with nothing else going on and while a giant video is flushed."""
        await self._at_rate(self._quiet, QUIET_RATE, QUIET_S, beside_edge=True)
        alone = percentile(self._quiet.take_late_ms(), 99)
        await asyncio.gather(
            self._at_rate(self._quiet, QUIET_RATE, QUIET_S, beside_edge=True),
            self._at_rate(self._giant, GIANT_RATE, QUIET_S),
        )
        beside = percentile(self._quiet.take_late_ms(), 99)
        self._giant.take_late_ms()
        self.figures["quiet video alone, p99 ms"] = alone
        self.figures["quiet video beside a giant, p99 ms"] = beside
        self.figures["added by the giant, p99 ms"] = beside - alone

    async def count_bytes(self) -> None:
        """Bytes that a viewer is sent for a comment of the recorded chat, each flushed alone."""
        meters = [Meter("identity"), *(Meter("gzip") for _ in range(GZIP_VIEWERS))]
        await self._chat.join(1)
        for meter in meters:
            await meter.join(self._way.port, _path(CHAT))
        await self._one_by_one(self._chat, CHAT_WARM_UP)
        before = await settled(meters)
        for content in self._load.chat:
            await self._one_by_one(self._chat, 1, content=content)
        plain, gzip, *_ = (now - was for now, was in zip(await settled(meters), before, strict=True))
        for meter in meters:
            meter.close()
        self.figures["bytes a comment"] = plain / len(self._load.chat)
        if meters[1].encoded:
            self.figures["bytes a comment, gzip"] = gzip / len(self._load.chat)

    async def aclose(self) -> None:
        for probes in (self._giant, self._quiet, self._alone, self._chat):
            await probes.aclose()
        await self._crowd.aclose()

    async def _one_by_one(
        self, probes: Probes, comments: int, *, everyone: bool = False, content: str = CONTENT
    ) -> None:
        """Posts comments, each when all of the video's viewers have the one before."""
        for _ in range(comments):
            due = (await self._crowd.received()).marks + self._load.viewers - PROBES if everyone else 0
            await self._way.post(probes.video, probes.text(content))
            await probes.have_all()
            if everyone:
                await self._crowd.have_marks(due)
        probes.take_late_ms()

    async def _at_rate(self, probes: Probes, rate: int, seconds: float, *, beside_edge: bool = False) -> None:
        """Posts so many comments a second, whether or not they arrive, and waits until they all have."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as posts:
            for number in range(int(rate * seconds)):
                await asyncio.sleep(began + number / rate - time.monotonic())
                posts.create_task(self._way.post(probes.video, probes.text(CONTENT), beside_edge=beside_edge))
        await probes.have_all()

    def _costs(self) -> tuple[Cost, Cost]:
        return self._way.node_cost(), self._way.edge_cost()

    def _costs_since(self, node: Cost, edge: Cost) -> tuple[Cost, Cost]:
        return self._way.node_cost() - node, self._way.edge_cost() - edge


def _path(video: str) -> str:
    return f"/comments/{video}/stream?backlog=0"
