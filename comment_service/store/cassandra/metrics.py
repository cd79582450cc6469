"""What the Cassandra store counts, besides what every store does."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge

from comment_service.store.cassandra.faults import CassandraFault

_PREFIX = "livecomments_comment_service_cassandra_"


class CassandraMetrics:
    """Each kind of failure is there from the start, at 0."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._failed = Counter(
            _PREFIX + "requests_failed", "Requests to Cassandra that failed, by reason.", ["reason"], registry=registry
        )
        self._second_nodes = Counter(
            _PREFIX + "second_nodes",
            "Requests that a second node was asked too: the first was slow (reads alone), or gone.",
            ["kind"],
            registry=registry,
        )
        self._under_way = Gauge(
            _PREFIX + "requests_under_way", "Requests sent and not answered.", ["kind"], registry=registry
        )
        self._nodes_up = Gauge(
            _PREFIX + "nodes_up", "Nodes of the local data centre that can be asked.", registry=registry
        )
        for fault in CassandraFault:
            self._failed.labels(fault)

    def watch(self, **under_way: Callable[[], float]) -> None:
        """Reads the gauge of these kinds from where the figures are."""
        for kind, value in under_way.items():
            self._under_way.labels(kind).set_function(value)

    def watch_nodes(self, up: Callable[[], float]) -> None:
        self._nodes_up.set_function(up)

    def failed(self, fault: CassandraFault) -> None:
        self._failed.labels(fault).inc()

    def second_node(self, kind: str) -> None:
        self._second_nodes.labels(kind).inc()
