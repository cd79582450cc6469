"""Every znode path of a data centre."""

from __future__ import annotations

import re
import zlib

ROOT = "/livecomments"
ROUTE_BUCKETS = 1024

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


def is_name(text: str) -> bool:
    """Whether ``text`` can be a node id, a boot id or a data centre: ``[A-Za-z0-9._-]{1,64}``."""
    return _NAME.fullmatch(text) is not None and text not in (".", "..")


def bucket_of(video: str) -> int:
    """The bucket that a video's routes are children of: 0 … 1023, the same in every process and for ever."""
    return zlib.crc32(video.encode()) % ROUTE_BUCKETS


class Paths:
    """The paths below ``/livecomments/<dc>``. Raises ``ValueError`` where ``dc`` cannot be part of a path."""

    def __init__(self, dc: str) -> None:
        if not is_name(dc):
            raise ValueError(f"a data centre's name is [A-Za-z0-9._-]{{1,64}}, not {dc!r}")
        self.dc = f"{ROOT}/{dc}"
        self.config = f"{self.dc}/config"
        self.routes = f"{self.dc}/routes"
        self.workers = f"{self.dc}/workers"

    def group(self, role: str) -> str:
        """The parent of the members of one role, e.g. ``/livecomments/dc1/rms``."""
        return f"{self.dc}/{role}"

    def member(self, role: str, node_id: str) -> str:
        return f"{self.dc}/{role}/{node_id}"

    def routes_bucket(self, bucket: int) -> str:
        return f"{self.routes}/{bucket}"

    def route(self, video: str, name: str) -> str:
        """The node of one route; ``name`` is ``Route.name``."""
        return f"{self.routes}/{bucket_of(video)}/{name}"

    def worker(self, number: int) -> str:
        return f"{self.workers}/{number}"

    def worker_holder(self, number: int) -> str:
        return f"{self.workers}/{number}/holder"
