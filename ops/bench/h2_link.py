"""What a delivery, a join and a viewer cost where viewers are streams of HTTP/2 connections.

``python -m ops.bench.h2_link [--viewers N] [--rounds R] [--flushes F]``

As ``ops.bench.fanout``, over ``h2_link``: one process with N viewers of one video, a connection for each 5,000 of them,
whose far ends are other processes that read all and give windows back. A delivery's cost is all the CPU time of the
process while flushes go out at 20 a second, the kernel's sending and the reading of window updates included.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time

from ops.bench._engine import PATH, PAYLOAD_BYTES, Engine, resident_bytes
from ops.bench.crowd import Crowd
from rms.channel import Channel
from rms.links.h2_edge import H2Edge
from rms.links.listener import Listener

PAUSE_S = 0.05


class Server:
    """An engine and the HTTP/2 edge."""

    def __init__(self) -> None:
        self.engine = Engine()
        self._edge = H2Edge(
            hub=self.engine.hub,
            reception=self.engine.reception,
            metrics=self.engine.metrics,
            charge=self.engine.pump.charge,
        )
        self.http = Listener("127.0.0.1", 0, http1=lambda connection: connection.close(), http2=self._edge.adopt)

    @property
    def channel(self) -> Channel:
        return self.engine.channel

    async def start(self) -> None:
        await self.engine.wheel.start()
        await self.http.start()

    async def aclose(self) -> None:
        await self.http.aclose()
        self.channel.close()
        await self._edge.aclose()
        await self.engine.wheel.aclose()
        self.engine.pump.close()

    def publish(self) -> int:
        """One comment to all viewers; returns its size in bytes."""
        frame = self.engine.frame()
        self.engine.publish(frame)
        return len(frame.data)

    async def flushed(self) -> None:
        await self.engine.flushed()

    async def joined(self, viewers: int) -> None:
        """Waits until so many are in the channel."""
        while self.channel.viewers < viewers:  # noqa: ASYNC110 - it is other processes that join
            await asyncio.sleep(0.01)


async def deliver(server: Server, crowd: Crowd, total: int, flushes: int) -> tuple[float, int]:
    """CPU microseconds a delivery, all that this process did meanwhile included, and the bytes sent so far."""
    began = time.process_time()
    for _ in range(flushes):
        total += server.publish() * server.channel.viewers
        await server.flushed()
        await asyncio.sleep(PAUSE_S)
    await crowd.have_bytes(total)
    return (time.process_time() - began) / flushes / server.channel.viewers * 1e6, total


async def measure(viewers: int, rounds: int, flushes: int) -> None:
    server, crowd = Server(), Crowd("ops.bench._h2_readers")
    await server.start()
    try:
        server.publish()
        await server.flushed()
        empty, joining = resident_bytes(), time.process_time()
        await crowd.connect(server.http.port, PATH, viewers)
        await crowd.connected()
        await server.joined(viewers)
        join_us = (time.process_time() - joining) / viewers * 1e6
        memory_kb = (resident_bytes() - empty) / viewers / 1024
        total = (await crowd.settled()).bytes
        figures = []
        for _ in range(rounds):
            figure, total = await deliver(server, crowd, total, flushes)
            figures.append(figure)
        after_kb = (resident_bytes() - empty) / viewers / 1024
        print(f"{viewers:,} viewers of one video; {rounds} rounds of {flushes} flushes of a {PAYLOAD_BYTES}-byte frame")
        print(f"{'CPU us a delivery':34}{statistics.median(figures):10.2f}   (aim: 1.5 at most)")
        print(f"{'  lowest, highest round':34}{min(figures):10.2f}{max(figures):10.2f}")
        print(f"{'CPU us a join':34}{join_us:10.2f}")
        print(f"{'process memory, KB a viewer':34}{memory_kb:10.2f}   (aim: 1 at most)")
        print(f"{'  after the flushes':34}{after_kb:10.2f}")
        if server.channel.viewers != viewers or server.channel.laggards:
            raise SystemExit("not every viewer stayed up to date")
    finally:
        await crowd.aclose()
        await server.aclose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--viewers", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--flushes", type=int, default=20)
    wanted = parser.parse_args()
    asyncio.run(measure(wanted.viewers, max(3, wanted.rounds), wanted.flushes))


if __name__ == "__main__":
    main()
