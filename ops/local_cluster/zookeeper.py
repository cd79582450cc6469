"""ZooKeeper on this machine: one server, or an ensemble of them."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ops.local_cluster.ports import free_port
from ops.local_cluster.process import ManagedProcess
from service_kit.errors import StartupError

JAR_FOLDER = Path("/usr/share/java")
# What Debian's zookeeper.jar needs beside what its manifest names; the whole folder would bring in log4j.
JARS = ("zookeeper.jar", "slf4j-simple.jar", "netty-codec.jar", "netty-resolver.jar", "servlet-api.jar")
INSTALL_HINT = "apt-get install --no-install-recommends zookeeper default-jre-headless"
# A session's end is one transaction that names all its routes: beyond some 35,000 of them a server with the
# default of 1 MiB can never start again (measured).
JUTE_MAX_BUFFER_BYTES = 64 * 1024 * 1024


class ZooKeeperMissingError(StartupError):
    """No Java, or no ZooKeeper, on this machine."""


@dataclass(frozen=True)
class ZooKeeperOptions:
    """How a local server runs.

    Attributes:
        tick_ms: its unit of time; sessions end within a tick of their timeout, which is at least two ticks.
        heap_mb: the JVM's limit.
        force_sync: fsync before acknowledging. Off, a machine's crash may lose writes, a process's cannot.
    """

    tick_ms: int = 500
    heap_mb: int = 256
    force_sync: bool = True


class ZooKeeperServer:
    """One ZooKeeper process with its folder: ``zoo.cfg``, ``data/`` and ``zookeeper.log``.

    Stopped and started again it has the same port and data.

    Args:
        folder: created on ``start``.
        port: of clients; by default a free one.
        number: its ``myid`` in an ensemble.
        ensemble: the ``server.N=…`` lines, the same for all members; empty for a lone server.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        options: ZooKeeperOptions | None = None,
        number: int = 1,
        ensemble: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self.port = port or free_port()
        self._options = options or ZooKeeperOptions()
        self._number = number
        self._ensemble = tuple(ensemble)
        self._process: ManagedProcess | None = None

    @property
    def hosts(self) -> str:
        """What a client connects to: ``host:port``."""
        return f"127.0.0.1:{self.port}"

    @property
    def process(self) -> ManagedProcess:
        """Its process: to pause, to kill, its log. Raises ``StartupError`` before the first start."""
        if self._process is None:
            raise StartupError(f"ZooKeeper in {self.folder} was never started")
        return self._process

    async def start(self, *, deadline_s: float = 30.0) -> None:
        """Starts it and waits until it serves; idempotent.

        Raises ``ZooKeeperMissingError`` without Java or ZooKeeper, ``ProcessError`` when it does not start.
        """
        await self.launch()
        await self.process.wait_ready(self.is_serving, deadline_s=deadline_s)

    async def launch(self) -> None:
        """Starts it and does not wait: a member of an ensemble serves only once most of them run."""
        command = self._command()
        self._write_config()
        if self._process is None:
            log_file = self.folder / "zookeeper.log"
            self._process = ManagedProcess(f"zookeeper-{self._number}", command, log_file=log_file)
        await self._process.start()

    async def stop(self) -> None:
        """Ends it; its data stays. Idempotent."""
        if self._process is not None:
            await self._process.stop()

    async def restart(self) -> None:
        """Stops it, starts it with the same port and data, and waits until it serves."""
        await self.stop()
        await self.start()

    async def is_serving(self) -> bool:
        return await self.mode() in ("standalone", "leader", "follower")

    async def mode(self) -> str | None:
        """``standalone``, ``leader`` or ``follower``; None when it does not serve or answer (2 s)."""
        for line in (await self.four_letter_word("srvr")).splitlines():
            if line.startswith("Mode: "):
                return line.removeprefix("Mode: ").strip()
        return None

    async def four_letter_word(self, word: str) -> str:
        """The answer to ``srvr``, ``mntr``, ``cons``, …; empty when there is none within 2 s."""
        try:
            async with asyncio.timeout(2.0):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                try:
                    writer.write(word.encode())
                    return (await reader.read(-1)).decode(errors="replace")
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return ""

    def _command(self) -> list[str]:
        options = self._options
        return [
            find_java(),
            f"-Xmx{options.heap_mb}m",
            "-XX:+UseSerialGC",
            f"-Djute.maxbuffer={JUTE_MAX_BUFFER_BYTES}",
            f"-Dzookeeper.forceSync={'yes' if options.force_sync else 'no'}",
            "-Dzookeeper.preAllocSize=8192",  # KiB; the default writes 64 MiB of zeros a log file
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-cp",
            ":".join(map(str, find_jars())),
            "org.apache.zookeeper.server.quorum.QuorumPeerMain",
            str(self.folder / "zoo.cfg"),
        ]

    def _write_config(self) -> None:
        data = self.folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        (data / "myid").write_text(f"{self._number}\n")
        (self.folder / "zoo.cfg").write_text("\n".join(self._config_lines(data)) + "\n")

    def _config_lines(self, data: Path) -> list[str]:
        return [
            f"dataDir={data}",
            f"clientPort={self.port}",
            "clientPortAddress=127.0.0.1",
            f"tickTime={self._options.tick_ms}",
            "maxSessionTimeout=60000",  # the default is 20 ticks
            # Generous in ticks, because ticks are short: an ensemble on a busy machine still elects in time.
            "initLimit=40",
            "syncLimit=4",
            "maxClientCnxns=0",  # a whole cluster is one address here; the default of 60 would refuse nodes
            "admin.enableServer=false",
            "4lw.commands.whitelist=*",
            "autopurge.snapRetainCount=3",
            "autopurge.purgeInterval=1",
            *self._ensemble,
        ]


class Ensemble:
    """An odd number of ZooKeeper servers that replicate each other, in ``folder``/1, /2, …"""

    def __init__(self, folder: Path, *, size: int = 3, options: ZooKeeperOptions | None = None) -> None:
        members = [f"server.{n}=127.0.0.1:{free_port()}:{free_port()}" for n in range(1, size + 1)]
        self.servers = [
            ZooKeeperServer(folder / str(n), options=options, number=n, ensemble=members) for n in range(1, size + 1)
        ]

    @property
    def hosts(self) -> str:
        """What a client connects to: ``host:port,host:port,…``."""
        return ",".join(server.hosts for server in self.servers)

    async def start(self, *, deadline_s: float = 60.0) -> None:
        """Starts all and waits until all serve. Errors as in ``ZooKeeperServer.start``."""
        for server in self.servers:
            await server.launch()
        for server in self.servers:
            await server.start(deadline_s=deadline_s)

    async def stop(self) -> None:
        """Ends all; their data stays. Idempotent."""
        await asyncio.gather(*(server.stop() for server in self.servers))

    async def restart(self) -> None:
        """All down, then all up again with the same ports and data."""
        await self.stop()
        await self.start()

    async def leader(self) -> ZooKeeperServer | None:
        """The member that leads now; None while they elect one."""
        for server in self.servers:
            if await server.mode() == "leader":
                return server
        return None


def find_java() -> str:
    """The Java to run with: ``JAVA_HOME``'s, else the one on the path. Raises ``ZooKeeperMissingError``."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    if java is None:
        where = f"in JAVA_HOME ({home})" if home else "on the path"
        raise ZooKeeperMissingError(f"ZooKeeper needs Java, and there is none {where}; install it: {INSTALL_HINT}")
    return java


def find_jars(folder: Path = JAR_FOLDER) -> list[Path]:
    """ZooKeeper's class path as Debian installs it. Raises ``ZooKeeperMissingError``, naming the jar."""
    jars = [folder / name for name in JARS]
    missing = [str(jar) for jar in jars if not jar.exists()]
    if missing:
        raise ZooKeeperMissingError(f"ZooKeeper is not installed ({missing[0]} is missing); install it: {INSTALL_HINT}")
    return jars
