"""Several data centres on this machine: clusters that pass each other what was said."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Generic, TypeVar

from ops.local_cluster.cassandra import CassandraServer
from ops.local_cluster.cluster import ClusterOptions, LocalCluster, Part
from ops.local_cluster.layout import DataFolder
from service_kit.errors import StartupError

REPLICATION = "LIVECOMMENTS_COMMENT_SERVICE_CASSANDRA_REPLICATION"
SPOOL = "LIVECOMMENTS_COMMENT_SERVICE_MEDIA_SPOOL_FOLDER"
HIGHEST_PORT = 65_535

ClusterT = TypeVar("ClusterT", bound=LocalCluster)


class DataCentres(Generic[ClusterT]):
    """``number`` clusters, each a data centre of its own, under one secret.

    The dispatchers of each relay to those of all others. On SQLite all have one database; each Cassandra is a data
    centre of one Cassandra cluster that keeps a copy of everything in each. Images are in one folder.

    Args:
        folder: of the first; the others' are below it.
        options: of each; the k-th one's page is ``k - 1`` ports above the first one's.
        make: a ``LocalCluster`` from its folder, its options and the first one.

    Attributes:
        clusters: the first data centre first.
        parts: name → each part of all of them. From the second data centre on a name is, e.g., ``dc2/rms-1``.
    """

    def __init__(
        self,
        folder: DataFolder,
        options: ClusterOptions,
        number: int,
        *,
        make: Callable[[DataFolder, ClusterOptions, ClusterT | None], ClusterT],
    ) -> None:
        if options.port + number - 1 > HIGHEST_PORT:
            raise StartupError(f"there are no {number} ports from {options.port} on; choose a lower one with --port")
        self._folder = folder
        self.clusters: list[ClusterT] = []
        for k in range(1, number + 1):
            first = self.clusters[0] if self.clusters else None
            own = options if number == 1 else _options(options, folder, k, number)
            self.clusters.append(make(folder.data_centre(k), own, first))
        self.parts: Mapping[str, Part] = {
            f"{_prefix(k)}{name}": part
            for k, cluster in enumerate(self.clusters, 1)
            for name, part in cluster.parts.items()
        }
        if number > 1:
            self._introduce()

    async def start(self, on_ready: Callable[[str], None] = lambda name: None) -> None:
        """Starts one after the other; as ``LocalCluster.start``."""
        told: set[str] = set()

        def tell(name: str) -> None:
            if name not in told:
                told.add(name)
                on_ready(name)

        self._folder.lock()
        try:
            for cluster in self.clusters:
                cluster.check_port()
            self._check_cassandras()
            self._folder.forget_data_centres(beyond=len(self.clusters))
            await self._start_cassandras(tell)
            for k, cluster in enumerate(self.clusters, 1):
                await cluster.start(lambda name, k=k: tell(f"{_prefix(k)}{name}"))  # type: ignore[misc]
        except BaseException:
            await self.kill()
            raise

    async def stop(self) -> None:
        """Ends all at the same time, each as ``LocalCluster.stop`` does. Idempotent."""
        await asyncio.gather(*(cluster.stop() for cluster in self.clusters))

    async def kill(self) -> None:
        """Ends everything at once, without a word. Idempotent."""
        await asyncio.gather(*(cluster.kill() for cluster in self.clusters))

    @property
    def _cassandras(self) -> list[CassandraServer]:
        return [cluster.cassandra for cluster in self.clusters if cluster.cassandra is not None]

    def _introduce(self) -> None:
        dispatchers = {
            cluster.dc: [node.address("GRPC_PORT") for node in cluster.dispatchers.values()]
            for cluster in self.clusters
        }
        for cluster in self.clusters:
            cluster.relay_to({dc: addresses for dc, addresses in dispatchers.items() if dc != cluster.dc})

    async def _start_cassandras(self, on_ready: Callable[[str], None]) -> None:
        """One after the other, as they have to join, and before any comment service makes the keyspace."""
        if len(self._cassandras) < 2:
            return
        for k, server in enumerate(self._cassandras, 1):
            await server.start()
            on_ready(f"{_prefix(k)}cassandra")
        await self._cassandras[0].wait_known([server.dc for server in self._cassandras])

    def _check_cassandras(self) -> None:
        """One that came later would not get what was said before, and the others would miss one that is gone."""
        if not self._cassandras:
            return
        folder, wanted = self._folder.cassandra, len(self.clusters)
        note = folder / "data_centres"
        if not (folder / "data").is_dir():
            folder.mkdir(exist_ok=True)
            note.write_text(f"{wanted}\n")
            return
        have = int(note.read_text()) if note.exists() else 1
        if have != wanted:
            raise StartupError(
                f"the comments in {folder} are those of {have} data centre{'s' if have > 1 else ''}; "
                f"start it with --dcs {have}, or give --data another folder"
            )


def _prefix(number: int) -> str:
    return "" if number == 1 else f"dc{number}/"


def _options(options: ClusterOptions, folder: DataFolder, number: int, of: int) -> ClusterOptions:
    """Those of the data centre of that number."""
    settings = {
        **options.settings,
        "LIVECOMMENTS_DC": f"dc{number}",
        "LIVECOMMENTS_DC_NUMBER": str(number - 1),
        "LIVECOMMENTS_DATA": str(folder.path),
        SPOOL: str(folder.data_centre(number).path / "media-spool"),
    }
    if options.store == "cassandra":
        settings.setdefault(REPLICATION, ",".join(f"dc{each}:1" for each in range(1, of + 1)))
    return replace(
        options,
        port=options.port and options.port + number - 1,
        settings=settings,
        cassandra_host=f"127.0.0.{number}",
    )
