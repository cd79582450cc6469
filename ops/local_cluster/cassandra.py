"""Cassandra on this machine: one node, or one a data centre."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import time
from collections.abc import Collection
from pathlib import Path

from ops.local_cluster import cassandra_config
from ops.local_cluster.cassandra_config import CassandraOptions, NodePlace
from ops.local_cluster.cassandra_jars import INSTALL_HINT, CassandraMissingError, fetch_jars
from ops.local_cluster.ports import free_port
from ops.local_cluster.process import ManagedProcess
from service_kit.errors import StartupError

__all__ = ["CassandraMissingError", "CassandraOptions", "CassandraServer", "find_java"]

JAVA_VERSIONS = (17, 11)
JVM_FOLDER = Path("/usr/lib/jvm")
PROBE_TIMEOUT_S = 2.0
STOP_AFTER_S = 20.0
KNOWN_DEADLINE_S = 120.0
KNOWN_AGAIN_S = 0.2
# The native protocol's OPTIONS request, version 4, without a body; a node that serves answers SUPPORTED.
_OPTIONS_REQUEST = bytes([0x04, 0, 0, 0, 0x05, 0, 0, 0, 0])
_SUPPORTED = 0x06


class CassandraServer:
    """One Cassandra process with its folder: ``conf/``, ``data/`` and ``cassandra.log``.

    Stopped and started again it has the same ports and data.

    Args:
        folder: created on ``start``.
        dc: the data centre that it says it is in.
        host: its own loopback address; nodes that replicate each other differ in it and share the ports.
        joins: a node that runs already, whose cluster this one becomes part of.
    """

    def __init__(
        self,
        folder: Path,
        *,
        dc: str = "dc1",
        host: str = "127.0.0.1",
        options: CassandraOptions | None = None,
        joins: CassandraServer | None = None,
    ) -> None:
        self.folder = folder
        self.dc = dc
        self.host = host
        self.port: int = joins.port if joins else free_port(host)
        self.storage_port: int = joins.storage_port if joins else free_port(host)
        self._options = options or CassandraOptions()
        seed = f"{joins.host if joins else host}:{self.storage_port}"
        self._place = NodePlace(host, self.port, self.storage_port, free_port(), dc, seed)
        self._process: ManagedProcess | None = None

    @property
    def process(self) -> ManagedProcess:
        """Its process: to pause, to kill, its log. Raises ``StartupError`` before the first start."""
        if self._process is None:
            raise StartupError(f"Cassandra in {self.folder} was never started")
        return self._process

    @property
    def settings(self) -> dict[str, str]:
        """The environment variables with which a comment service finds it."""
        prefix = "LIVECOMMENTS_COMMENT_SERVICE_"
        return {
            f"{prefix}STORE": "cassandra",
            f"{prefix}CASSANDRA_CONTACT_POINTS": self.host,
            f"{prefix}CASSANDRA_PORT": str(self.port),
            f"{prefix}CASSANDRA_LOCAL_DC": self.dc,
        }

    async def start(self, *, deadline_s: float = 240.0) -> None:
        """Starts it and waits until it serves (about 8 s; after a crash it reads its commit log first); idempotent.

        Raises ``CassandraMissingError`` without Java or Cassandra, ``ProcessError`` when it does not start.
        """
        if self._process is None or not self._process.running:
            java, jars = await find_java(), await fetch_jars()
            self._write_config()
            command = [java, *cassandra_config.java_arguments(self.folder, jars, self._place, self._options)]
            if self._process is None:
                self._process = ManagedProcess("cassandra", command, log_file=self.folder / "cassandra.log")
            await self._process.start()
        await self.process.wait_ready(self.is_serving, deadline_s=deadline_s)

    async def wait_known(self, dcs: Collection[str]) -> None:
        """Waits until it knows nodes of all these data centres; before, it takes no keyspace that they replicate.

        Raises ``StartupError`` after two minutes.
        """
        deadline = time.monotonic() + KNOWN_DEADLINE_S
        while not await asyncio.to_thread(self._knows, dcs):
            if time.monotonic() > deadline:
                raise StartupError(f"Cassandra in {self.folder} does not find the nodes of {', '.join(sorted(dcs))}")
            await asyncio.sleep(KNOWN_AGAIN_S)

    def _knows(self, dcs: Collection[str]) -> bool:
        # Only where it is wanted: the driver takes a third of a second.
        from comment_service.store import StoreError
        from comment_service.store.cassandra import CassandraStoreOptions
        from comment_service.store.cassandra.connection import connect, data_centres

        try:
            session = connect(CassandraStoreOptions(contact_points=(self.host,), port=self.port, local_dc=self.dc))
        except StoreError:
            return False
        try:
            return set(dcs) <= set(data_centres(session.cluster))
        finally:
            session.cluster.shutdown()

    async def stop(self) -> None:
        """Ends it; its data stays. Idempotent."""
        if self._process is not None:
            await self._process.stop(grace_s=STOP_AFTER_S)

    async def is_serving(self) -> bool:
        """Whether it answers clients, within 2 s."""
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                reader, writer = await asyncio.open_connection(self.host, self.port)
                try:
                    writer.write(_OPTIONS_REQUEST)
                    return (await reader.readexactly(9))[4] == _SUPPORTED
                finally:
                    writer.close()
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            return False

    def _write_config(self) -> None:
        conf = self.folder / "conf"
        conf.mkdir(parents=True, exist_ok=True)
        (conf / "cassandra.yaml").write_text(cassandra_config.yaml(self._place, self._options))
        (conf / "logback.xml").write_text(cassandra_config.LOGBACK)
        (conf / "cassandra-rackdc.properties").write_text(f"dc={self.dc}\nrack=rack1\n")


async def find_java() -> str:
    """A Java that Cassandra 5 runs on: ``JAVA_HOME``'s, or else the path's, or one that Debian has installed beside it.

    Raises ``CassandraMissingError``.
    """
    found: list[int] = []
    for java in _javas():
        version = await _version(java)
        if version in JAVA_VERSIONS:
            return java
        found.append(version)
    if found:
        raise CassandraMissingError(
            f"Cassandra 5 runs on Java 17 or 11, and here is Java {found[0]}; set JAVA_HOME to one of those"
        )
    raise CassandraMissingError(f"Cassandra needs Java 17 or 11, and there is none; install it: {INSTALL_HINT}")


def _javas() -> list[str]:
    home = os.environ.get("JAVA_HOME")
    named = [f"{home}/bin/java"] if home else ["java", *sorted(map(str, JVM_FOLDER.glob("*/bin/java")))]
    return [path for each in named if (path := shutil.which(each)) is not None]


async def _version(java: str) -> int:
    process = await asyncio.create_subprocess_exec(
        java, "-version", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    match = re.search(r'version "(\d+)', output.decode(errors="replace"))
    return int(match.group(1)) if match else 0
