"""``livecomments up``."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Coroutine
from typing import Annotated, Any, Literal

import typer

from ops.commands.options import Data, data_folder
from ops.local_cluster.cassandra_jars import FETCH_NOTE, fetch_jars, have_jars
from ops.local_cluster.cluster import STORE, ClusterOptions, LocalCluster
from ops.local_cluster.cluster_file import kept_secret
from ops.local_cluster.data_centres import DataCentres
from ops.local_cluster.display import Display, open_display
from ops.local_cluster.layout import MAX_DATA_CENTRES
from ops.local_cluster.status import StatusReader
from ops.local_cluster.supervisor import Supervisor

REFRESH_EVERY_S = 1.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def up(
    *,
    rms: Annotated[int, typer.Option("--rms", min=1, max=64, metavar="N", help="RMS nodes.")] = 3,
    dispatchers: Annotated[int, typer.Option("--dispatchers", min=1, max=16, metavar="N", help="Dispatchers.")] = 2,
    store: Annotated[
        Literal["sqlite", "cassandra"], typer.Option("--store", envvar=STORE, help="Where comments are kept.")
    ] = "sqlite",
    dcs: Annotated[
        int, typer.Option("--dcs", min=1, max=MAX_DATA_CENTRES, metavar="N", help="Data centres, each with all that.")
    ] = 1,
    data: Data = None,
    port: Annotated[
        int,
        typer.Option("--port", min=1, max=65535, metavar="P", help="Where viewers connect; dc2: at the next one, ..."),
    ] = 8080,
) -> None:
    """Run a whole cluster on this machine until Ctrl-C.

    Starts ZooKeeper, Envoy with its control plane, dispatchers, RMS nodes and a comment service as real processes,
    prints the page's address, shows how each is, and starts again whatever dies. Settings of the nodes are taken
    from the environment. --store cassandra starts a Cassandra too (fetched by Maven, once), unless
    LIVECOMMENTS_COMMENT_SERVICE_CASSANDRA_CONTACT_POINTS names one that runs. It listens on 127.0.0.1
    alone: anyone who reaches the page may post (LIVECOMMENTS_ENVOY_HOST changes that). Logs are in the data folder,
    below logs/.

    --dcs N starts N data centres, each with a ZooKeeper, an Envoy and nodes of its own, whose dispatchers relay to each
    other. On SQLite they share the database; on Cassandra each has a node, and a copy of everything.

    Examples:

      livecomments up

      livecomments up --store cassandra

      livecomments up --dcs 2

      livecomments up --rms 5 --port 8081 --data /tmp/second-cluster

      LIVECOMMENTS_RMS_MAX_VIEWERS=100 livecomments up
    """
    folder = data_folder(data)
    folder.lock()
    secret = os.environ.get("LIVECOMMENTS_COMMENT_SERVICE_JWT_SECRET") or kept_secret(folder.cluster_file)
    options = ClusterOptions(rms=rms, dispatchers=dispatchers, port=port, jwt_secret=secret, store=store)
    asyncio.run(_run(DataCentres(folder, options, dcs, make=LocalCluster)))


async def _run(cluster: DataCentres[LocalCluster]) -> None:
    stop, hurry = _signals()
    display = open_display(len(cluster.parts))
    supervisor = Supervisor(cluster.parts, display.line)
    table = asyncio.create_task(_keep_drawing(display, StatusReader(cluster.parts, supervisor.status)))
    try:
        if await _unless(stop, _start(cluster, supervisor, display)):
            display.up([each.url for each in cluster.clusters])
            await _unless(stop, supervisor.run())
            display.stopping()
            await _unless(hurry, cluster.stop())
    finally:
        table.cancel()
        display.close()
        await cluster.kill()  # what did not stop, or was in the way when this was cut off


async def _start(cluster: DataCentres[LocalCluster], supervisor: Supervisor, display: Display) -> None:
    def on_ready(name: str) -> None:
        supervisor.ready(name)
        display.ready(name)

    if cluster.clusters[0].cassandra is not None and not have_jars():
        display.line(FETCH_NOTE)
        await fetch_jars()
    await cluster.start(on_ready)


async def _keep_drawing(display: Display, reader: StatusReader) -> None:
    while True:
        display.rows(await reader.read())
        await asyncio.sleep(REFRESH_EVERY_S)


def _signals() -> tuple[asyncio.Event, asyncio.Event]:
    """Set by the first signal that asks for the end, and by any further one."""
    stop, hurry = asyncio.Event(), asyncio.Event()

    def on_signal() -> None:
        (hurry if stop.is_set() else stop).set()

    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, on_signal)
    return stop, hurry


async def _unless(event: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Awaits ``work`` unless ``event`` comes first, which cancels it. True where the work was done."""
    task, waiter = asyncio.create_task(work), asyncio.create_task(event.wait())
    try:
        await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
            return True
        return False
    finally:
        task.cancel()
        waiter.cancel()
        await asyncio.gather(task, waiter, return_exceptions=True)
