"""Cassandra's jars, fetched by Maven once and kept in the user's cache.

``python -m ops.local_cluster.cassandra_jars`` fetches them.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

from ops.local_cluster.process import ManagedProcess
from service_kit.errors import StartupError

POM = Path(__file__).parent / "jvm" / "pom.xml"
# A plugin without a version would be whichever is the newest today.
COPY = "org.apache.maven.plugins:maven-dependency-plugin:2.8:copy-dependencies"
INSTALL_HINT = "apt-get install --no-install-recommends maven default-jre-headless"
FETCH_NOTE = "fetching Cassandra's jars by Maven (66 MB, once)"


class CassandraMissingError(StartupError):
    """No fitting Java, no Maven to fetch Cassandra with, or it cannot reach its registry."""


def jar_folder() -> Path:
    """Where the jars of this version's pom.xml are, or will be. ops/setup/install.sh knows the same name."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "livecomments" / f"cassandra-{hashlib.sha256(POM.read_bytes()).hexdigest()[:12]}"


def have_jars() -> bool:
    return jar_folder().is_dir()


async def fetch_jars() -> Path:
    """The folder with the jars; fetches them where they are not there yet. Raises ``CassandraMissingError``."""
    folder = jar_folder()
    if folder.is_dir():
        return folder
    maven = shutil.which("mvn")
    if maven is None:
        raise CassandraMissingError(f"Cassandra is fetched by Maven, and there is no mvn; install it: {INSTALL_HINT}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix="fetching-", dir=folder.parent))
    try:
        await _copy_dependencies(maven, draft / "jars")
        # Whole or not at all; of two that fetch at once the first one's stay.
        if not folder.exists():
            (draft / "jars").rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


async def _copy_dependencies(maven: str, folder: Path) -> None:
    command = [maven, "-B", "-q", "-f", str(POM), COPY, f"-DoutputDirectory={folder}", "-DincludeScope=runtime"]
    process = ManagedProcess("maven", command, log_file=folder.parent / "maven.log")
    try:
        await process.start()
        if await process.wait() != 0:
            lines = [line for line in process.log_tail(200).splitlines() if "ERROR" in line]
            raise CassandraMissingError(f"Maven cannot fetch Cassandra: {lines[0] if lines else process.log_tail(1)}")
    finally:
        await process.kill9()


if __name__ == "__main__":
    try:
        asyncio.run(fetch_jars())
    except StartupError as error:
        sys.exit(f"error: {error}")
