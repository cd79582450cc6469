"""How many files this process may have open, and so how many viewers with a connection of their own."""

from __future__ import annotations

import resource

SPARE = 500
"""Descriptors that are not viewers: listeners, ZooKeeper, gRPC, connections whose request is being read."""


def affordable(max_viewers: int) -> int:
    """As many viewers of those as this process may open files for, at least one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or hard - SPARE >= max_viewers:
        return max_viewers
    return max(1, hard - SPARE)


def raise_limit() -> None:
    """From now on it may open as many as it is ever allowed to."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
