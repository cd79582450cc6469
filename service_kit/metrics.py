"""The metrics registry of a process."""

from __future__ import annotations

import platform
from importlib import metadata

from prometheus_client import CollectorRegistry, GCCollector, Info, ProcessCollector

# From a tenth of a millisecond, below what one hop takes, to ten seconds, beyond any deadline of a hop.
LATENCY_BUCKETS_S = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 10.0,
)  # fmt: skip


def new_registry(process: str, node_id: str) -> CollectorRegistry:
    """A registry with the process's CPU, memory and open files, the collector's work, and who this is."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    Info("livecomments_build", "What is running.", registry=registry).info(
        {"version": version(), "python": platform.python_version(), "process": process, "node": node_id}
    )
    return registry


def version() -> str:
    """The version of the installed distribution."""
    return metadata.version("livecomments")
