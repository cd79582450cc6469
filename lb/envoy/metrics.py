"""What the control plane counts."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class XdsMetrics:
    """Counters and gauges of the control plane."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.streams = Gauge("livecomments_xds_streams", "Subscriptions that are open.", registry=registry)
        self.refused = Counter(
            "livecomments_xds_streams_refused", "Subscriptions refused or ended.", ["reason"], registry=registry
        )
        self.endpoints = Gauge(
            "livecomments_xds_endpoints", "Endpoints given to Envoy.", ["cluster"], registry=registry
        )
        self.omitted = Gauge(
            "livecomments_xds_nodes_omitted",
            "Registered nodes that Envoy could not connect to as registered.",
            ["cluster", "reason"],
            registry=registry,
        )
        self.pushes = Counter("livecomments_xds_pushes", "Answers sent to Envoys.", registry=registry)
        self.acks = Counter("livecomments_xds_acks", "Answers that an Envoy took over.", registry=registry)
        self.nacks = Counter(
            "livecomments_xds_nacks", "Answers that an Envoy rejected; it keeps what it had.", registry=registry
        )
