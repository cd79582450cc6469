"""One of our own processes: an RMS, a dispatcher, a comment service or the control plane."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

from ops.client.errors import ClientError
from ops.client.http_client import HttpClient
from ops.local_cluster.ports import free_port
from ops.local_cluster.process import ManagedProcess
from ops.local_cluster.samples import Samples, scrape

HOST = "127.0.0.1"
READY_DEADLINE_S = 60.0
PROBE_TIMEOUT_S = 2.0
PROBE_AGAIN_S = 0.05
# Above what a node gives itself for draining and closing (LIVECOMMENTS_<PROCESS>_GRACE_S and 5 s).
KILL_AFTER_S = 20.0

# Process → what `python -m` runs, and the settings that are ports of it, besides ADMIN_PORT.
PROCESSES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "xds": ("lb.envoy", ("PORT",)),
    "dispatcher": ("dispatcher", ("GRPC_PORT",)),
    "rms": ("rms", ("HTTP_PORT", "GRPC_PORT")),
    "comment-service": ("comment_service", ("HTTP_PORT", "GRPC_PORT")),
}


class Node:
    """A node that runs as a process of this machine, ready when its admin port says so.

    Stopped and started again it has the same id and ports.

    Args:
        process: ``rms``, ``dispatcher``, ``comment-service`` or ``xds``.
        number: makes its name, e.g. ``rms-1``.
        settings: environment variables on top of this process's own.
        log_folder: its output is appended to ``<name>.log`` there.
        deadline_s: how long it may take until it is ready.

    Attributes:
        kind: which of our processes it is, as ``process``.
    """

    def __init__(
        self,
        process: str,
        number: int,
        *,
        settings: Mapping[str, str],
        log_folder: Path,
        deadline_s: float = READY_DEADLINE_S,
    ) -> None:
        self._deadline_s = deadline_s
        self.kind = process
        self.name = f"{process}-{number}"
        module, port_settings = PROCESSES[process]
        prefix = f"LIVECOMMENTS_{process.upper().replace('-', '_')}_"
        self.ports = {name: free_port() for name in (*port_settings, "ADMIN_PORT")}
        self.settings = {
            **settings,
            f"{prefix}NODE_ID": self.name,
            f"{prefix}HOST": HOST,
            **{prefix + name: str(port) for name, port in self.ports.items()},
        }
        # -P: the folder that the command was called in must not shadow a package.
        command = (sys.executable, "-P", "-m", module)
        log_file = log_folder / f"{self.name}.log"
        self.process = ManagedProcess(self.name, command, log_file=log_file, env=self.settings)

    @property
    def running(self) -> bool:
        return self.process.running

    @property
    def admin(self) -> str:
        """``host:port`` of its admin port."""
        return self.address("ADMIN_PORT")

    def address(self, port: str) -> str:
        """``host:port`` of one of its ``ports``, e.g. ``GRPC_PORT``."""
        return f"{HOST}:{self.ports[port]}"

    def configure(self, settings: Mapping[str, str]) -> None:
        """More environment variables, from its next start on."""
        self.settings.update(settings)
        self.process.env.update(settings)

    async def start(self) -> None:
        """Starts it and waits until it is ready; idempotent. Raises ``ProcessError`` when it dies or takes too long."""
        await self.process.start()
        await self.process.wait_ready(self._probe, deadline_s=self._deadline_s)

    async def stop(self) -> None:
        """Lets it drain and ends it. Idempotent."""
        await self.process.stop(grace_s=KILL_AFTER_S)

    async def restart(self) -> None:
        """``stop``, then ``start``."""
        await self.stop()
        await self.start()

    async def kill9(self) -> None:
        """Ends it as a crash would."""
        await self.process.kill9()

    def pause(self) -> None:
        """Freezes it: its sockets stay open, but nothing answers."""
        self.process.pause()

    def resume(self) -> None:
        self.process.resume()

    async def is_ready(self) -> bool:
        """Whether it takes work, by ``/readyz``."""
        try:
            async with HttpClient(f"http://{self.admin}", timeout_s=PROBE_TIMEOUT_S) as http:
                return (await http.request("GET", "/readyz")).status == 200
        except ClientError:
            return False

    async def _probe(self) -> bool:
        ready = await self.is_ready()
        if not ready:  # a dozen nodes that start at once need the processor for themselves
            await asyncio.sleep(PROBE_AGAIN_S)
        return ready

    async def samples(self) -> Samples:
        """Its metrics now. Raises ``ClientError`` where it does not answer."""
        return await scrape(self.admin)
