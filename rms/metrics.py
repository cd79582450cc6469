"""What an RMS counts. Names, help texts and labels are what dashboards and alerts stand on."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from service_kit.metrics import LATENCY_BUCKETS_S


class RmsMetrics:
    """The fan-out engine's counters. A reason label takes the codes of ``rms/reasons.py``."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.viewers = Gauge("livecomments_rms_viewers", "Open viewer connections.", registry=registry)
        self.laggards = Gauge(
            "livecomments_rms_laggards", "Viewers that are behind and catching up on their own.", registry=registry
        )
        self.published = Counter(
            "livecomments_rms_published_total", "Events put on a channel's stream.", ["kind"], registry=registry
        )
        self.dropped = Counter(
            "livecomments_rms_dropped_total", "Events not put on a channel's stream.", ["reason"], registry=registry
        )
        self.flushes = Counter(
            "livecomments_rms_flushes_total",
            "Times that a channel's gathered events went out, whatever the audience.",
            registry=registry,
        )
        self.deliveries = Counter(
            "livecomments_rms_deliveries_total",
            "Events sent to a viewer that was up to date, events times viewers.",
            registry=registry,
        )
        self.flush_seconds = Histogram(
            "livecomments_rms_flush_seconds",
            "From the first gathered event's arrival to the last up-to-date viewer's send.",
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        self.heartbeats = Counter(
            "livecomments_rms_heartbeats_total", "Heartbeats sent, a viewer each.", registry=registry
        )
        self.resyncs = Counter(
            "livecomments_rms_resyncs_total", "Viewers told to read the rest by REST.", ["reason"], registry=registry
        )
        self.closed = Counter(
            "livecomments_rms_closed_total", "Viewer connections ended.", ["reason"], registry=registry
        )
