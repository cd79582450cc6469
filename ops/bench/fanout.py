"""What a delivery costs the fan-out engine, beside a bare ``socket.send`` loop over the same sockets.

``python -m ops.bench.fanout [--viewers N] [--rounds R] [--flushes F]``

One server process (this one) holds N viewers of one video, which are real TCP connections from other processes. Each
round measures, one after the other in changing order, the CPU time of F flushes

* by the engine, the whole way from ``Channel.publish`` over the pump and the groups to ``SocketLink``, on a running
  asyncio loop;
* by ``for send in sends: send(payload)``, which is the floor.

The readers have read everything before the next flush is sent, so no flush is helped or hindered by the one before.
Memory is the growth of this process's resident set from before the first viewer to after the last, a viewer each.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import socket
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

from prometheus_client import CollectorRegistry, Histogram

from rms import frames
from rms.channel import Channel
from rms.links.socket_link import SocketLink, SocketViewer
from rms.metrics import RmsMetrics
from rms.pump import Pump
from rms.wheel import Wheel

PAYLOAD_BYTES = 250
READERS_A_PROCESS = 5_000
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n\r\n"


class Readers:
    """The viewers' processes."""

    def __init__(self) -> None:
        self._processes: list[asyncio.subprocess.Process] = []

    async def connect(self, port: int, count: int) -> None:
        """Starts processes that open ``count`` connections in all; returns while they connect."""
        while count > 0:
            some = min(count, READERS_A_PROCESS)
            count -= some
            self._processes.append(
                await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "ops.bench._readers", "127.0.0.1", str(port), str(some)),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                )
            )

    async def connected(self) -> None:
        for process in self._processes:
            await _line(process)

    async def received(self) -> int:
        """Bytes that all of them have read so far."""
        total = 0
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(b"?\n")
            total += int(await _line(process))
        return total

    async def have_received(self, total: int) -> None:
        while (got := await self.received()) < total:  # noqa: ASYNC110 - it is another process that reads
            await asyncio.sleep(0.002)
        if got > total:
            raise SystemExit(f"the viewers were sent {got - total} bytes too many")

    async def aclose(self) -> None:
        for process in self._processes:
            if process.stdin is not None:
                process.stdin.close()
            await process.wait()


async def _line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        raise SystemExit("a process of viewers died")
    return line.decode().strip()


class FlushSignal:
    """Stands in for the flush histogram, as what is observed at the end of each flush."""

    def __init__(self, flushed: asyncio.Event) -> None:
        self._flushed = flushed

    def observe(self, seconds: float) -> None:
        self._flushed.set()


class Server:
    """The engine and its viewers, without what surrounds them in an RMS."""

    def __init__(self) -> None:
        self.pump = Pump()
        self.wheel = Wheel()
        self.metrics = RmsMetrics(CollectorRegistry())
        self._flushed = asyncio.Event()
        self.metrics.flush_seconds = cast("Histogram", FlushSignal(self._flushed))
        self.link = SocketLink(charge=self.pump.charge)
        self.channel = Channel("bench", pump=self.pump, wheel=self.wheel, metrics=self.metrics)
        self.channel.seed(())
        self.viewers: list[SocketViewer] = []
        self.sent_bytes = 0
        self._last_id = 0

    async def admit(self, listener: socket.socket, count: int) -> None:
        loop = asyncio.get_running_loop()
        opening = HEAD + frames.opening(1000)
        while len(self.viewers) < count:
            connection, _ = await loop.sock_accept(listener)
            await loop.sock_recv(connection, 4096)
            viewer = self.link.adopt(connection)
            assert isinstance(viewer, SocketViewer)
            self.viewers.append(viewer)
            self.channel.join(viewer, opening, backlog=100)
            self.sent_bytes += len(opening)

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


async def per_delivery_us(
    flush: Callable[[], Awaitable[float]], server: Server, readers: Readers, flushes: int
) -> float:
    spent = 0.0
    for _ in range(flushes):
        spent += await flush()
        await readers.have_received(server.sent_bytes)
    return spent / flushes / len(server.viewers) * 1e6


async def measure(viewers: int, rounds: int, flushes: int) -> None:
    server, readers = Server(), Readers()
    await server.link.start()
    await server.wheel.start()
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    listener.setblocking(False)
    try:
        await server.engine_flush()
        empty = resident_bytes()
        await readers.connect(listener.getsockname()[1], viewers)
        await server.admit(listener, viewers)
        await readers.connected()
        server.sent_bytes = await settled(readers)
        memory_kb = (resident_bytes() - empty) / viewers / 1024
        await per_delivery_us(server.engine_flush, server, readers, 2)
        engine: list[float] = []
        bare: list[float] = []
        for number in range(rounds):
            ways = [(engine, server.engine_flush), (bare, server.bare_flush)]
            for figures, flush in ways if number % 2 else ways[::-1]:
                figures.append(await per_delivery_us(flush, server, readers, flushes))
        print(f"{viewers:,} viewers of one video; {rounds} rounds of {flushes} flushes of a {PAYLOAD_BYTES}-byte frame")
        report(engine, bare, memory_kb)
        if server.channel.viewers != viewers or server.channel.laggards:
            raise SystemExit("not every viewer stayed up to date")
    finally:
        server.channel.close()
        await server.link.aclose()
        await server.wheel.aclose()
        server.pump.close()
        listener.close()
        await readers.aclose()


async def settled(readers: Readers) -> int:
    """The bytes read once they no longer change: what the viewers got when they joined."""
    got = -1
    while (now := await readers.received()) != got:
        got = now
        await asyncio.sleep(0.2)
    return got


def report(engine: list[float], bare: list[float], memory_kb: float) -> None:
    ratios = [ours / floor for ours, floor in zip(engine, bare, strict=True)]
    print(f"{'':34}{'median':>10}{'lowest':>10}{'highest':>10}")
    for name, figures, aim in (
        ("engine, CPU us a delivery", engine, ""),
        ("bare send loop, CPU us a delivery", bare, ""),
        ("ratio", ratios, "   (aim: 1.3 at most)"),
    ):
        print(f"{name:34}{statistics.median(figures):10.2f}{min(figures):10.2f}{max(figures):10.2f}{aim}")
    print(f"{'process memory, KB a viewer':34}{memory_kb:10.2f}{'':20}   (aim: 4 at most)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--viewers", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--flushes", type=int, default=20)
    wanted = parser.parse_args()
    asyncio.run(measure(wanted.viewers, max(3, wanted.rounds), wanted.flushes))


if __name__ == "__main__":
    main()
