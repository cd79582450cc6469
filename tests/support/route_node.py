"""A process with a session, a membership and routes, to be killed, stopped and started again by tests.

``python -m tests.support.route_node HOSTS DC SESSION_TIMEOUT_S RMS_ID BOOT_ID FIRST_VIDEO VIDEOS``
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from coordination.membership import Membership, NodeRecord, Role
from coordination.routes import RouteRegistrar
from coordination.session import ZooKeeperSession
from ops.local_cluster.process import ManagedProcess

REPOSITORY = Path(__file__).resolve().parents[2]


def route_node(
    folder: Path, hosts: str, dc: str, *, session_timeout_s: float, rms_id: str, boot_id: str, videos: range
) -> ManagedProcess:
    """The process, not started yet. It registers ``v<n>`` for each n of ``videos``."""
    return ManagedProcess(
        f"{rms_id}-{boot_id}",
        [
            sys.executable,
            "-m",
            "tests.support.route_node",
            hosts,
            dc,
            str(session_timeout_s),
            rms_id,
            boot_id,
            str(videos.start),
            str(len(videos)),
        ],
        log_file=folder / f"{rms_id}-{boot_id}.log",
        cwd=REPOSITORY,
    )


async def main(hosts: str, dc: str, timeout_s: str, rms_id: str, boot_id: str, first: str, count: str) -> None:
    session = ZooKeeperSession(hosts, dc=dc, session_timeout_s=float(timeout_s))
    await session.start()
    await Membership(session, Role.RMS, NodeRecord(rms_id, boot_id, grpc="127.0.0.1:1")).start()
    registrar = RouteRegistrar(session, rms_id, boot_id)
    await registrar.start()
    for number in range(int(first), int(first) + int(count)):
        registrar.announce(f"v{number}")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
