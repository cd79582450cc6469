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
import socket
import statistics
import time
from typing import cast

from ops.bench._engine import PATH, PAYLOAD_BYTES, Engine, resident_bytes
from ops.bench.crowd import Crowd
from rms.channel import Channel
from rms.links.http1_edge import Http1Edge
from rms.links.listener import Listener
from rms.links.socket_link import SocketLink, SocketViewer


class Server:
    """An engine and the HTTP/1.1 edge."""

    def __init__(self) -> None:
        self._engine = Engine()
        self._link = SocketLink(charge=self._engine.pump.charge)
        self._http1 = Http1Edge(
            hub=self._engine.hub, reception=self._engine.reception, link=self._link, max_viewers=1_000_000
        )
        self.http = Listener("127.0.0.1", 0, http1=self._http1.adopt, http2=socket.socket.close)
        self.sent_bytes = 0

    @property
    def channel(self) -> Channel:
        return self._engine.channel

    @property
    def viewers(self) -> list[SocketViewer]:
        """All that have joined."""
        return cast("list[SocketViewer]", self._engine.viewers)

    async def start(self) -> None:
        await self._link.start()
        await self._engine.wheel.start()
        await self._http1.start()
        await self.http.start()

    async def aclose(self) -> None:
        await self.http.aclose()
        await self._http1.aclose()
        self.channel.close()
        await self._link.aclose()
        await self._engine.wheel.aclose()
        self._engine.pump.close()

    async def engine_flush(self) -> float:
        """CPU seconds of one comment to all viewers, by the engine."""
        frame = self._engine.frame()
        began = time.process_time()
        self._engine.publish(frame)
        await self._engine.flushed()
        spent = time.process_time() - began
        self.sent_bytes += len(frame.data) * len(self.viewers)
        return spent

    async def bare_flush(self) -> float:
        """CPU seconds of one comment to all viewers, by the least that Python can do."""
        payload = self._engine.frame().data
        sends = [viewer.send for viewer in self.viewers]
        began = time.process_time()
        for send in sends:
            send(payload)
        spent = time.process_time() - began
        self.sent_bytes += len(payload) * len(self.viewers)
        return spent


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
