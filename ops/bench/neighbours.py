"""How long a giant video's flushes hold up a quiet video in the engine of the same RMS.

``python -m ops.bench.neighbours [--viewers N] [--rounds R] [--seconds T]``

As ``ops.bench.h2_link``: one process with N viewers of one video, streams of real connections whose far ends are other
processes. Beside it a quiet video, whose comments come from another thread, as the network's do, every 20 ms. Timed is
from there until its viewers have been sent it. Each round times it alone, and while the giant video has ten comments a
second; the table has all rounds together. Where it may, the process takes precedence over all others of the machine, so
that the figures are the engine's and not the machine's.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import threading
import time
from typing import cast

from prometheus_client import CollectorRegistry, Histogram

from ops.bench._engine import PATH
from ops.bench._sinks import SinkLink
from ops.bench.crowd import Crowd
from ops.bench.figures import percentile
from ops.bench.h2_link import Server
from rms import frames
from rms.channel import Channel
from rms.metrics import RmsMetrics

QUIET_EVERY_S, GIANT_EVERY_S = 0.02, 0.1
QUIET_VIEWERS = 5
VIEWERS_A_LINK = 2_500


class Quiet:
    """The quiet video; ``late_ms`` is how long each of its comments took."""

    def __init__(self, server: Server) -> None:
        self.late_ms: list[float] = []
        self._arrived_at = 0.0
        metrics = RmsMetrics(CollectorRegistry())
        metrics.flush_seconds = cast("Histogram", self)
        self._channel = Channel("quiet", pump=server.engine.pump, wheel=server.engine.wheel, metrics=metrics)
        self._channel.seed(())
        link = SinkLink()
        for _ in range(QUIET_VIEWERS):
            self._channel.join(link.viewer(), frames.opening(1000))

    def observe(self, seconds: float) -> None:
        """A flush has ended: all viewers have been sent it."""
        self.late_ms.append((time.monotonic() - self._arrived_at) * 1000)
        self._arrived_at = 0.0

    def publish(self, arrived_at: float, event_id: int) -> None:
        self._arrived_at = self._arrived_at or arrived_at
        self._channel.publish(frames.encode(frames.COMMENT, b"hello", event_id))


class Arrivals(threading.Thread):
    """Comments of the quiet video, at even intervals, whatever the loop is doing."""

    def __init__(self, quiet: Quiet) -> None:
        super().__init__(daemon=True)
        self._quiet = quiet
        self._loop = asyncio.get_running_loop()
        self._ended = threading.Event()

    def run(self) -> None:
        take_precedence()
        event_id, due = 0, time.monotonic()
        while not self._ended.wait(due - time.monotonic()):
            event_id += 1
            # Since when it was due: this thread too waits for the interpreter while the engine has it.
            self._loop.call_soon_threadsafe(self._quiet.publish, due, event_id)
            due += QUIET_EVERY_S

    def end(self) -> None:
        self._ended.set()


async def measure(viewers: int, rounds: int, seconds: float) -> tuple[list[float], list[float]]:
    """Milliseconds that the quiet video's comments took, alone and beside the giant."""
    server, crowd = Server(), Crowd("ops.bench._h2_readers", viewers_a_process=VIEWERS_A_LINK)
    await server.start()
    quiet = Quiet(server)
    arrivals = Arrivals(quiet)
    alone: list[float] = []
    beside: list[float] = []
    try:
        server.publish()
        await crowd.connect(server.http.port, PATH, viewers)
        await crowd.connected()
        await server.joined(viewers)
        await crowd.settled()
        arrivals.start()
        for _ in range(rounds):
            quiet.late_ms = []
            await asyncio.sleep(seconds)
            alone += quiet.late_ms
            quiet.late_ms = []
            for _ in range(int(seconds / GIANT_EVERY_S)):
                server.publish()
                await asyncio.sleep(GIANT_EVERY_S)
            beside += quiet.late_ms
        return alone, beside
    finally:
        arrivals.end()
        await crowd.aclose()
        await server.aclose()


def take_precedence() -> bool:
    """The calling thread goes before all other processes, if this user may; no child does."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    except PermissionError:
        return False
    return True


def main() -> None:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--viewers", type=int, default=10_000, help="of the giant video")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each half of a round")
    wanted = parser.parse_args()
    first = take_precedence()
    alone, beside = asyncio.run(measure(wanted.viewers, wanted.rounds, wanted.seconds))
    print(
        f"{wanted.viewers:,} viewers of a giant video; {'with' if first else 'without'} precedence over other processes"
    )
    print(f"{'':12}{'p50 ms':>10}{'p99 ms':>10}{'most ms':>10}{'comments':>10}")
    for name, late in (("alone", alone), ("beside", beside)):
        print(f"{name:12}{percentile(late, 50):10.2f}{percentile(late, 99):10.2f}{max(late):10.2f}{len(late):10}")
    print(f"{'added, p99':32}{percentile(beside, 99) - percentile(alone, 99):.2f} ms   (aim: 10 at most)")


if __name__ == "__main__":
    main()
