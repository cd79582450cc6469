"""What a giant video costs a quiet one on the same node: the whole way from a post to a viewer.

``python -m ops.bench.quiet [--viewers N] [--rounds R] [--seconds T] [--links h2,http1]``

N viewers of one video come by Envoy. Another video of the same RMS has a comment every 70 ms, and a few viewers at the
RMS itself and a few by Envoy. Each round times the quiet video alone, and while the giant one has ten comments a
second. The table has all rounds' times together, so a 99th percentile stands on some thousand times. Servers, viewers
and the bench share the machine: what is added is what the giant's flushes cost and what its share of the cores costs.
Posts go to the comment service, not by Envoy.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from ops.bench._timed_readers import stamp
from ops.bench.crowd import Crowd
from ops.bench.figures import Figures, percentile_ms, table
from ops.bench.ways import EnvoyWay, Link
from service_kit.logs import configure

GIANT, QUIET = "giant", "quiet"
QUIET_EVERY_S, GIANT_EVERY_S = 0.07, 0.1
QUIET_VIEWERS = 5
CONTENT = "what a goal, nobody saw that one coming"


def path(video: str) -> str:
    return f"/comments/{video}/stream?backlog=0"


class Stage:
    """One link: a cluster, the giant's viewers, and those of the quiet video by where they are."""

    def __init__(self, folder: Path, link: Link, viewers: int) -> None:
        self.way = EnvoyWay(folder, link)
        self._viewers = viewers
        self._giant = Crowd(viewers_a_process=1_000)
        self._quiet = {
            "at the RMS": Crowd("ops.bench._timed_readers"),
            "by Envoy": Crowd("ops.bench._timed_readers"),
        }
        self._posted = Counter[str]()

    async def start(self) -> None:
        await self.way.start()
        for crowd, port in zip(self._quiet.values(), (self.way.node_port, self.way.port), strict=True):
            await crowd.join(port, path(QUIET), QUIET_VIEWERS)
        await self._giant.join(self.way.port, path(GIANT), self._viewers)
        await self._post_for(QUIET, QUIET_EVERY_S, 1.0)
        await self._late()

    async def aclose(self) -> None:
        for crowd in (self._giant, *self._quiet.values()):
            await crowd.aclose()
        await self.way.aclose()

    async def alone(self, seconds: float) -> Mapping[str, Counter[int]]:
        """How late the quiet video's comments were, by where they were watched; see ``Crowd.late``."""
        await self._post_for(QUIET, QUIET_EVERY_S, seconds)
        return await self._late()

    async def beside(self, seconds: float) -> Mapping[str, Counter[int]]:
        """The same while the giant video has comments."""
        await asyncio.gather(
            self._post_for(QUIET, QUIET_EVERY_S, seconds), self._post_for(GIANT, GIANT_EVERY_S, seconds)
        )
        late = await self._late()
        await self._giant.have_marks(self._posted[GIANT] * self._viewers)
        return late

    async def _post_for(self, video: str, every_s: float, seconds: float) -> None:
        began = time.monotonic()
        async with asyncio.TaskGroup() as posts:
            for number in range(int(seconds / every_s)):
                await asyncio.sleep(began + number * every_s - time.monotonic())
                self._posted[video] += 1
                posts.create_task(self.way.post(video, stamp() + CONTENT, beside_edge=True))

    async def _late(self) -> Mapping[str, Counter[int]]:
        late = {}
        for where, crowd in self._quiet.items():
            await crowd.have_marks(self._posted[QUIET] * QUIET_VIEWERS)
            late[where] = await crowd.late()
        return late


async def measure(link: Link, viewers: int, rounds: int, seconds: float) -> Figures:
    """All rounds over one link."""
    with tempfile.TemporaryDirectory(prefix="livecomments-bench-") as folder:
        stage = Stage(Path(folder), link, viewers)
        try:
            await stage.start()
            late: dict[str, Counter[int]] = {}
            for _ in range(rounds):
                for with_what, half in (("alone", stage.alone), ("beside", stage.beside)):
                    for where, found in (await half(seconds)).items():
                        late.setdefault(f"{where}, {with_what}", Counter()).update(found)
            figures: Figures = {}
            for where in ("at the RMS", "by Envoy"):
                for share in (50, 99):
                    alone, beside = (percentile_ms(late[f"{where}, {what}"], share) for what in ("alone", "beside"))
                    figures[f"{where}, p{share} ms, alone"] = alone
                    figures[f"{where}, p{share} ms, beside the giant"] = beside
                    figures[f"{where}, p{share} ms, added"] = beside - alone
            return figures
        finally:
            await stage.aclose()


def main() -> None:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--viewers", type=int, default=4_000, help="of the giant video")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each half of a round")
    parser.add_argument("--links", default="h2,http1")
    wanted = parser.parse_args()
    configure("console", "warning")
    links = [cast("Link", link) for link in wanted.links.split(",")]
    columns: dict[str, Figures] = {
        link: asyncio.run(measure(link, wanted.viewers, wanted.rounds, wanted.seconds)) for link in links
    }
    print(f"a giant video of {wanted.viewers:,} viewers and a quiet one of {QUIET_VIEWERS} at each place")
    print(table(columns))


if __name__ == "__main__":
    main()
