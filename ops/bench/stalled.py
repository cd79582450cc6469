"""What viewers that stop reading cost the others and the memory, through Envoy and over both links.

``python -m ops.bench.stalled [--viewers N] [--stalled S] [--rounds R] [--seconds T] [--links h2,http1]``

N viewers of one video, S of whom stop reading and later go on, again and again. Each round is timed twice: with all of
them reading, and with S of them stalled. Before each half everyone is sent a megabyte, which is more than all buffers
on the way hold for one, so what follows of it waits for those who stall. Times are from before the post until a
comment was read, over all viewers that always read, in processes of their own. Memory is the processes' own, and what
grew from the one half of the round to the other; the kernel's is that of all TCP sockets of the machine, clients
included. Over http1 a viewer takes two of Envoy's descriptors, so there are as many Envoys as it takes.

Who stalls is closed after 20 s by default; here they stay, so that they can be looked at.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from ops.bench._readers import MARK
from ops.bench._timed_readers import stamp
from ops.bench.crowd import ASK_AGAIN_S, Crowd
from ops.bench.figures import Figures, medians, percentile_ms, table
from ops.bench.ways import EnvoyWay, Link, most_viewers
from service_kit.logs import configure

VIDEO = "giant"
PATH = f"/comments/{VIDEO}/stream?backlog=0"
SMALL_RECEIVE_BUFFER = "4096"
FILLING = MARK.decode() + "語" * 499
BURST_AT_ONCE = 50
BURST_BYTES = 1024 * 1024
DEADLINE_S = 60.0
LONG_S = "600"
TIMEOUTS = (
    "LIVECOMMENTS_RMS_STALLED_AFTER_S",
    "LIVECOMMENTS_RMS_USER_TIMEOUT_S",
    "LIVECOMMENTS_ENVOY_DEAD_VIEWER_TIMEOUT_S",
)
COUNTED = {
    "resync, fell_behind": ("livecomments_rms_resyncs_total", {"reason": "fell_behind"}),
    "closed": ("livecomments_rms_closed_total", {}),
    "links ended": ("livecomments_rms_link_ends_total", {}),
}


@dataclass(frozen=True)
class Load:
    """``seconds`` of ``per_s`` comments are timed, twice a round."""

    viewers: int
    stalled: int
    rounds: int
    seconds: float
    per_s: float


class Stage:
    """One link: a cluster, the viewers that always read, and those that stall."""

    def __init__(self, folder: Path, link: Link, load: Load) -> None:
        self._load = load
        long = dict.fromkeys(TIMEOUTS, LONG_S)
        envoys = -(-load.viewers // most_viewers(EnvoyWay(folder / "none", link)))
        self.way = EnvoyWay(folder, link, envoys=envoys, settings=long)
        self._readers = Crowd("ops.bench._timed_readers", viewers_a_process=400)
        self._stalling = Crowd("ops.bench._timed_readers")
        self._posted = 0
        self._before: Figures = {}

    async def start(self) -> None:
        await self.way.start()
        load, ports = self._load, self.way.ports
        for number, port in enumerate(ports):
            await self._readers.join(port, PATH, _share(load.viewers - load.stalled, number, len(ports)))
            stalled = _share(load.stalled, number, len(ports))
            await self._stalling.join(port, PATH, stalled, options=[SMALL_RECEIVE_BUFFER])
        self._before = await self._counted()

    async def aclose(self) -> None:
        await self._readers.aclose()
        await self._stalling.aclose()
        await self.way.aclose()

    async def round(self) -> Figures:
        figures: Figures = {}
        await self._burst()
        figures |= {f"all read, {name}": value for name, value in (await self._timed()).items()}
        before, kernel = (self.way.node_cost(), self.way.edge_cost()), _kernel_bytes()
        await self._stalling.tell("stop")
        await self._burst()
        figures |= {f"some stalled, {name}": value for name, value in (await self._timed()).items()}
        after = self.way.node_cost(), self.way.edge_cost()
        for name, was, now in zip(("RMS", "Envoy"), before, after, strict=True):
            figures[f"{name}, memory grown, KB a stalled viewer"] = (
                (now.memory_bytes - was.memory_bytes) / self._load.stalled / 1024
            )
        figures["kernel, memory grown, KB a stalled viewer"] = (_kernel_bytes() - kernel) / self._load.stalled / 1024
        figures["laggards"] = await self._metric("livecomments_rms_laggards")
        figures["waiting on links, KB"] = await self._metric("livecomments_rms_link_buffered_bytes") / 1024
        await self._stalling.tell("go")
        await self._caught_up()
        figures |= {name: count - self._before[name] for name, count in (await self._counted()).items()}
        missing = self._posted * (self._load.viewers - self._load.stalled) - (await self._readers.received()).marks
        figures["comments missed by those who read"] = missing
        return figures

    async def _timed(self) -> Figures:
        """Comments at the load's rate, and how late they were, once all who read have them."""
        began = time.monotonic()
        for number in range(int(self._load.per_s * self._load.seconds)):
            await asyncio.sleep(began + number / self._load.per_s - time.monotonic())
            await self._post(stamp() + "what a goal, nobody saw that one coming")
        await self._have_all()
        late = await self._readers.late()
        return {f"p{share} ms": percentile_ms(late, share) for share in (50, 99)}

    async def _burst(self) -> None:
        for _ in range(BURST_BYTES // len(FILLING.encode()) // BURST_AT_ONCE):
            await asyncio.gather(*(self._post(FILLING) for _ in range(BURST_AT_ONCE)))
            await self._have_all()

    async def _caught_up(self) -> None:
        """Waits until those that stalled are up to date again."""
        async with asyncio.timeout(DEADLINE_S):
            while await self._metric("livecomments_rms_laggards"):  # noqa: ASYNC110 - it is another process's figure
                await asyncio.sleep(0.2)

    async def _post(self, text: str) -> None:
        self._posted += 1
        await self.way.post(VIDEO, text, beside_edge=True)

    async def _have_all(self) -> None:
        due = self._posted * (self._load.viewers - self._load.stalled)
        async with asyncio.timeout(DEADLINE_S):
            while (await self._readers.received()).marks < due:  # noqa: ASYNC110 - it is other processes that read
                await asyncio.sleep(ASK_AGAIN_S)

    async def _counted(self) -> Figures:
        samples = await self.way.samples()
        return {name: samples.total(metric, **labels) for name, (metric, labels) in COUNTED.items()}

    async def _metric(self, name: str, **labels: str) -> float:
        return (await self.way.samples()).total(name, **labels)


async def measure(link: Link, load: Load) -> Figures:
    """The medians of the rounds over one link."""
    with tempfile.TemporaryDirectory(prefix="livecomments-bench-") as folder:
        stage = Stage(Path(folder), link, load)
        try:
            await stage.start()
            rounds = [await stage.round() for _ in range(load.rounds)]
            figures = medians(rounds) | {row: rounds[-1][row] for row in COUNTED}
            lost = await stage.way.envoy_stats(r"cluster\.rms\.http2\.keepalive_timeout")
            return figures | {"keepalive timeouts": sum(lost.values()), "Envoys": len(stage.way.ports)}
        finally:
            await stage.aclose()


def _share(count: int, number: int, of: int) -> int:
    """What of ``count`` falls to that one of so many."""
    return count // of + (number < count % of)


def _kernel_bytes() -> int:
    """Memory of all TCP sockets of the machine."""
    tcp = next(line for line in Path("/proc/net/sockstat").read_text().splitlines() if line.startswith("TCP:"))
    return int(tcp.split()[-1]) * 4096


def main() -> None:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--viewers", type=int, default=10_000, help="of one video, in all")
    parser.add_argument("--stalled", type=int, default=300, help="of them")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each half of a round")
    parser.add_argument("--per-s", type=float, default=0.6, help="comments a second that are timed")
    parser.add_argument("--links", default="h2,http1")
    wanted = parser.parse_args()
    configure("console", "warning")
    load = Load(wanted.viewers, wanted.stalled, wanted.rounds, wanted.seconds, wanted.per_s)
    links = [cast("Link", link) for link in wanted.links.split(",")]
    columns: dict[str, Figures] = {link: asyncio.run(measure(link, load)) for link in links}
    print(f"{load.viewers:,} viewers of one video, {load.stalled} of them stall; medians of {load.rounds} rounds")
    print(table(columns))


if __name__ == "__main__":
    main()
