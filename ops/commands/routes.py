"""``livecomments routes``."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import grpc
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from coordination.routes import RouteWatcher
from coordination.session import ZooKeeperSession
from livecomments.v1 import dispatcher_pb2, dispatcher_pb2_grpc
from ops.client.errors import ClientError
from ops.commands.options import Data, OptionalVideo, local_data_centres
from ops.local_cluster.cluster_file import ClusterFile
from service_kit.grpc_client import open_channel
from service_kit.grpc_tls import GrpcTls
from service_kit.settings import SharedSettings, load

DISPATCHER_TIMEOUT_S = 5.0
ZOOKEEPER_TIMEOUT_S = 5.0
ZOOKEEPER = "ZooKeeper"

# Video → the RMS that serve it, each with the boot id of the life it now has.
Routes = Mapping[str, frozenset[tuple[str, str]]]


@dataclass(frozen=True)
class Sight:
    """The routes as one of the cluster sees them; ``trouble`` says why that is not the whole truth."""

    routes: Routes
    trouble: str = ""


def routes(
    video: OptionalVideo = None,
    data: Data = None,
    url: str | None = typer.Option(
        None, "--url", metavar="URL", help="Of the data centre that is reached there. [default: the first]"
    ),
) -> None:
    """Show which RMS serve which video, as ZooKeeper and each dispatcher see it, and where they differ.

    Of the local cluster that `livecomments up` started; of its data centres the first, or the one at --url.

    Examples:

      livecomments routes

      livecomments routes match-42
    """
    sights = asyncio.run(_look(_data_centre(data, url), video))
    show(Console(highlight=False), sights, video)


def _data_centre(data: Path | None, url: str | None) -> ClusterFile:
    clusters = local_data_centres(data)
    if url is None:
        return clusters[0]
    for cluster in clusters:
        if cluster.url == url.rstrip("/"):
            return cluster
    where = " and ".join(cluster.url for cluster in clusters)
    raise ClientError(f"the cluster of this data folder is reached at {where}, not {url}")


async def _look(cluster: ClusterFile, video: str | None) -> dict[str, Sight]:
    names = [ZOOKEEPER, *cluster.dispatchers]
    looks = [
        _in_zookeeper(cluster, video),
        *(_in_dispatcher(address, video) for address in cluster.dispatchers.values()),
    ]
    return dict(zip(names, await asyncio.gather(*looks), strict=True))


async def _in_zookeeper(cluster: ClusterFile, video: str | None) -> Sight:
    session = ZooKeeperSession(cluster.zookeeper, dc=cluster.dc, start_timeout_s=ZOOKEEPER_TIMEOUT_S)
    watcher = RouteWatcher(session)
    try:
        await session.start()
        await watcher.start()
        table = watcher.table
        wanted = table.videos() if video is None else {video} & set(table.videos())
        return Sight({each: frozenset((r.rms_id, r.boot_id) for r in table.routes_of(each)) for each in wanted})
    finally:
        await watcher.aclose()
        await session.aclose()


async def _in_dispatcher(address: str, video: str | None) -> Sight:
    async with open_channel(address, GrpcTls.of(load(SharedSettings))) as channel:
        stub = dispatcher_pb2_grpc.DispatcherStub(channel)
        request = dispatcher_pb2.DescribeRoutesRequest(live_video_id=video or "")
        try:
            answer: dispatcher_pb2.DescribeRoutesResponse
            answer = await stub.DescribeRoutes(request, timeout=DISPATCHER_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            return Sight({}, f"does not answer ({error.code().name})")
    found: dict[str, frozenset[tuple[str, str]]] = {}
    for route in answer.routes:
        rest = found.get(route.live_video_id, frozenset())
        found[route.live_video_id] = rest | {(route.rms_id, route.boot_id)}
    troubles = [f"ZooKeeper session {answer.session_state}"] if answer.session_state != "CONNECTED" else []
    troubles += ["only the first of its routes"] if answer.truncated else []
    return Sight(found, ", ".join(troubles))


def show(console: Console, sights: Mapping[str, Sight], video: str | None) -> None:
    """Prints the sights side by side, and what is wrong with any of them."""
    for name, sight in sights.items():
        if sight.trouble:
            console.print(Text(f"{name}: {sight.trouble}", style="yellow"))
    videos = sorted({each for sight in sights.values() for each in sight.routes})
    if not videos:
        console.print("no RMS serves any video" if video is None else f"no RMS serves {video}")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for heading in ("video", *sights, ""):
        table.add_column(heading)
    differing = 0
    for each in videos:
        cells = [sight.routes.get(each, frozenset()) for sight in sights.values()]
        differs = len(set(cells)) > 1
        differing += differs
        mark = Text("differs", style="bold red") if differs else Text("")
        table.add_row(each, *(_cell(cell, full=differs) for cell in cells), mark)
    console.print(table)
    agree = f"they differ on {differing}" if differing else "all agree"
    console.print(Text(f"{len(videos)} video{'s' if len(videos) != 1 else ''}; {agree}", style="dim"))


def _cell(rms: frozenset[tuple[str, str]], *, full: bool) -> str:
    """Boot ids only where the sights differ: there they may be the difference."""
    return ", ".join(f"{rms_id}@{boot_id[:8]}" if full else rms_id for rms_id, boot_id in sorted(rms)) or "–"
