"""The metrics registry of a process."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata

from prometheus_client import CollectorRegistry, Gauge, GCCollector, Info, ProcessCollector
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

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


class ReadCounter(Collector):
    """A counter that is kept elsewhere and read when it is scraped; 0 until ``set_function``."""

    def __init__(self, name: str, documentation: str, *, registry: CollectorRegistry) -> None:
        self._name = name
        self._documentation = documentation
        self._read: Callable[[], float] = lambda: 0
        registry.register(self)

    def set_function(self, read: Callable[[], float]) -> None:
        """``read`` gives the count; it never falls."""
        self._read = read

    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily(self._name, self._documentation, value=self._read())

    def describe(self) -> Iterator[Metric]:
        """What the registry knows a name that is taken twice by."""
        return self.collect()


class ReadGauges:
    """Gauges that are kept elsewhere and read when they are scraped; 0 until ``watch``. ``texts``: help, by name."""

    def __init__(self, prefix: str, texts: Mapping[str, str], *, registry: CollectorRegistry) -> None:
        self._gauges = {name: Gauge(prefix + name, text, registry=registry) for name, text in texts.items()}

    def watch(self, **values: Callable[[], float]) -> None:
        """Reads the gauges of these names from where the figures are."""
        for name, value in values.items():
            self._gauges[name].set_function(value)


def version() -> str:
    """The version of the installed distribution."""
    return metadata.version("livecomments")
