"""A store that speaks S3 over HTTP, as a process of its own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ops.local_cluster.ports import free_port, is_free
from tests.support.eventually import eventually

BUCKET = "livecomments-images"


@dataclass(frozen=True)
class S3Server:
    """Where it is; it believes any credentials."""

    endpoint: str
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """Ends it. Idempotent."""
        self.process.kill()
        self.process.wait()


@contextmanager
def running_s3(folder: Path) -> Iterator[S3Server]:
    """moto's server on a free port, empty; it ends with the block."""
    port = free_port()
    with (folder / "s3.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log
        )
    server = S3Server(f"http://127.0.0.1:{port}", process)
    try:
        asyncio.run(_answers(port))
        yield server
    finally:
        server.stop()


async def _answers(port: int) -> None:
    await eventually(lambda: not is_free(port), timeout_s=60, every_s=0.1, what="the S3 server")
