"""What the publisher counts."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from service_kit.metrics import LATENCY_BUCKETS_S

_PREFIX = "livecomments_comment_service_publish"


class PublishMetrics:
    """The publisher's metrics in ``registry``."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.events = Counter(f"{_PREFIX}_events", "Events given to the publisher.", registry=registry)
        self.heads = Counter(f"{_PREFIX}_heads", "Heads published for videos gone quiet.", registry=registry)
        self.acknowledged = Counter(
            f"{_PREFIX}_acknowledged", "Events and heads that a dispatcher acknowledged.", registry=registry
        )
        self.batches = Counter(f"{_PREFIX}_batches", "Batches that a dispatcher acknowledged.", registry=registry)
        self.resent = Gauge(
            f"{_PREFIX}_resent",
            "Events and heads sent again to another dispatcher since the start.",
            registry=registry,
        )
        self.dropped = Counter(
            f"{_PREFIX}_dropped", "Events and heads given up, by reason.", ["reason"], registry=registry
        )
        self.stream_ends = Counter(
            f"{_PREFIX}_stream_ends", "Publish streams that ended, by reason.", ["reason"], registry=registry
        )
        self.queued = Gauge(
            f"{_PREFIX}_queued", "Events and heads not acknowledged yet, those on the way included.", registry=registry
        )
        self.queued_bytes = Gauge(f"{_PREFIX}_queued_bytes", "Bytes of those.", registry=registry)
        self.parked = Gauge(
            f"{_PREFIX}_parked", "Events and heads that wait because no dispatcher can be reached.", registry=registry
        )
        self.oldest_age = Gauge(f"{_PREFIX}_oldest_age_seconds", "Age of the oldest of the queued.", registry=registry)
        self.dispatchers = Gauge(
            f"{_PREFIX}_dispatchers", "Dispatchers with a Publish stream; 0: none can be reached.", registry=registry
        )
        self.ack_seconds = Histogram(
            f"{_PREFIX}_ack_seconds",
            "From a batch's oldest item being queued to its acknowledgement, seconds.",
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
