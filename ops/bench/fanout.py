"""What a delivery costs the fan-out engine, beside a bare ``socket.send`` loop over the same sockets.

``python -m ops.bench.fanout [--viewers N] [--rounds R] [--flushes F]``

One server process (this one) holds N viewers of one video, which are real TCP connections from other processes and
came in by the HTTP/1.1 edge. Each round measures, in turn, the CPU time of F flushes

* by the engine, the whole way from ``Channel.publish`` over the pump and the groups to ``SocketLink``, on a running
  asyncio loop;
* by ``for send in sends: send(payload)``, which is the floor.

The readers have read everything before the next flush is sent, so no flush is helped or hindered by the one before.
Memory is the growth of this process's resident set from before the first viewer to after the last; a join is the CPU
time from the accepted connection to the viewer in its channel, Tornado's reading of the request included.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import socket
import statistics
import time
from pathlib import Path
from typing import cast

from prometheus_client import CollectorRegistry, Histogram

from ops.bench.crowd import Crowd
from rms import frames
from rms.channel import Channel
from rms.hub import Hub
from rms.joining import Joiner
from rms.links.http1_edge import Http1Edge
from rms.links.listener import Listener
from rms.links.socket_link import SocketLink, SocketViewer
from rms.metrics import ServiceMetrics
from rms.pump import Pump
from rms.reasons import RefusalReason
from rms.reception import Reception
from rms.wheel import Wheel

PAYLOAD_BYTES = 250
PATH = "/comments/bench/stream"


class FlushSignal:
    """Stands in for the flush histogram, as what is observed at the end of each flush."""

    def __init__(self, flushed: asyncio.Event) -> None:
        self._flushed = flushed

    def observe(self, seconds: float) -> None:
        self._flushed.set()


class OneVideo:
    """Stands in for the hub: everyone watches the same."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.viewers: list[SocketViewer] = []

    def refusal(self, video: str) -> RefusalReason | None:
        return None

    def join(self, video: str, joiner: Joiner) -> None:
        assert isinstance(joiner.viewer, SocketViewer)
        self.viewers.append(joiner.viewer)
        self.channel.join(joiner.viewer, joiner.opening, backlog=joiner.backlog)


class Server:
    """An RMS's edge, link and engine, without what surrounds them."""

    def __init__(self) -> None:
        self._pump = Pump()
        self._wheel = Wheel()
        metrics = ServiceMetrics(CollectorRegistry())
        self._flushed = asyncio.Event()
        metrics.flush_seconds = cast("Histogram", FlushSignal(self._flushed))
        self._link = SocketLink(charge=self._pump.charge)
        self.channel = Channel("bench", pump=self._pump, wheel=self._wheel, metrics=metrics)
        self.channel.seed(())
        hub = OneVideo(self.channel)
        self.viewers = hub.viewers
        reception = Reception(cast("Hub", hub), metrics)
        self._http1 = Http1Edge(hub=cast("Hub", hub), reception=reception, link=self._link, max_viewers=1_000_000)
        self.http = Listener("127.0.0.1", 0, http1=self._http1.adopt, http2=socket.socket.close)
        self.sent_bytes = 0
        self._last_id = 0

    async def start(self) -> None:
        await self._link.start()
        await self._wheel.start()
        await self._http1.start()
        await self.http.start()

    async def aclose(self) -> None:
        await self.http.aclose()
        await self._http1.aclose()
        self.channel.close()
        await self._link.aclose()
        await self._wheel.aclose()
        self._pump.close()

    def frame(self) -> frames.Frame:
        self._last_id += 1
        room = PAYLOAD_BYTES - len(frames.encode(frames.COMMENT, b"", 10**12).data)
        return frames.encode(frames.COMMENT, b"x" * room, 10**12 + self._last_id)

    async def engine_flush(self) -> float:
        """CPU seconds of one comment to all viewers, by the engine."""
        frame = self.frame()
        self._flushed.clear()
        began = time.process_time()
        self.channel.publish(frame)
        await self._flushed.wait()
        spent = time.process_time() - began
        self.sent_bytes += len(frame.data) * len(self.viewers)
        return spent

    async def bare_flush(self) -> float:
        """CPU seconds of one comment to all viewers, by the least that Python can do."""
        payload = self.frame().data
        sends = [viewer.send for viewer in self.viewers]
        began = time.process_time()
        for send in sends:
            send(payload)
        spent = time.process_time() - began
        self.sent_bytes += len(payload) * len(self.viewers)
        return spent


def resident_bytes() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


async def compare(server: Server, crowd: Crowd, flushes: int) -> tuple[float, float]:
    """CPU microseconds a delivery by the engine and by the bare loop, which take turns, the first changing too."""
    spent = {server.engine_flush: 0.0, server.bare_flush: 0.0}
    ways = list(spent)
    for _ in range(flushes):
        for flush in ways:
            spent[flush] += await flush()
            await crowd.have_bytes(server.sent_bytes)
        ways.reverse()
    engine, bare = (seconds / flushes / len(server.viewers) * 1e6 for seconds in spent.values())
    return engine, bare


async def measure(viewers: int, rounds: int, flushes: int) -> None:
    server, crowd = Server(), Crowd()
    await server.start()
    try:
        await server.engine_flush()
        empty, joining = resident_bytes(), time.process_time()
        await crowd.connect(server.http.port, PATH, viewers)
        await crowd.connected()
        server.sent_bytes = (await crowd.settled()).bytes
        join_us = (time.process_time() - joining) / viewers * 1e6
        memory_kb = (resident_bytes() - empty) / viewers / 1024
        await compare(server, crowd, 2)
        figures = [await compare(server, crowd, flushes) for _ in range(rounds)]
        print(f"{viewers:,} viewers of one video; {rounds} rounds of {flushes} flushes of a {PAYLOAD_BYTES}-byte frame")
        report(figures, memory_kb, join_us)
        if server.channel.viewers != viewers or server.channel.laggards:
            raise SystemExit("not every viewer stayed up to date")
    finally:
        await crowd.aclose()
        await server.aclose()


def report(figures: list[tuple[float, float]], memory_kb: float, join_us: float) -> None:
    rows = [
        ("engine, CPU us a delivery", [engine for engine, _ in figures], ""),
        ("bare send loop, CPU us a delivery", [bare for _, bare in figures], ""),
        ("ratio", [engine / bare for engine, bare in figures], "   (aim: 1.3 at most)"),
        ("process memory, KB a viewer", [memory_kb], "   (aim: 4 at most)"),
        ("CPU us a join", [join_us], ""),
    ]
    print(f"{'':34}{'median':>10}{'lowest':>10}{'highest':>10}")
    for name, values, aim in rows:
        print(f"{name:34}{statistics.median(values):10.2f}{min(values):10.2f}{max(values):10.2f}{aim}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--viewers", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--flushes", type=int, default=20)
    wanted = parser.parse_args()
    asyncio.run(measure(wanted.viewers, max(3, wanted.rounds), wanted.flushes))


if __name__ == "__main__":
    main()
