"""What a dispatcher counts."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from service_kit.metrics import LATENCY_BUCKETS_S, ReadCounter

_PREFIX = "livecomments_dispatcher"


class DispatcherMetrics:
    """A dispatcher's metrics in ``registry``."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.received = Counter(
            f"{_PREFIX}_events_received", "Events taken, by way: publish or relay.", ["way"], registry=registry
        )
        self.heads_received = Counter(
            f"{_PREFIX}_heads_received", "Heads taken, by way: publish or relay.", ["way"], registry=registry
        )
        self.refused = Counter(
            f"{_PREFIX}_refused", "Publish and Relay calls refused, by reason.", ["reason"], registry=registry
        )
        self.unrouted = Counter(
            f"{_PREFIX}_unrouted", "Events and heads of videos that no RMS serves.", registry=registry
        )
        self.replayed = Counter(
            f"{_PREFIX}_replayed", "Recent events and heads given to a new route.", registry=registry
        )
        self.misrouted = Counter(
            f"{_PREFIX}_misrouted",
            "Videos that an RMS said it does not serve; their routes are listed again.",
            registry=registry,
        )
        self.streams = Gauge(
            f"{_PREFIX}_streams", "Publish and Relay streams open, by way.", ["way"], registry=registry
        )
        self.recent_items = Gauge(f"{_PREFIX}_recent_items", "Items in the recent window.", registry=registry)
        self.recent_bytes = Gauge(f"{_PREFIX}_recent_bytes", "Bytes in the recent window.", registry=registry)
        self.recent_dropped = ReadCounter(
            f"{_PREFIX}_recent_dropped", "Items that the full recent window gave up.", registry=registry
        )
        self.routed_videos = Gauge(f"{_PREFIX}_routed_videos", "Videos that have a route.", registry=registry)
        self.route_relists = ReadCounter(f"{_PREFIX}_route_relists", "Buckets of routes listed.", registry=registry)
        self.route_buckets_pending = Gauge(
            f"{_PREFIX}_route_buckets_pending", "Buckets whose routes may be out of date.", registry=registry
        )
        self.viewer_reports = Counter(
            f"{_PREFIX}_viewer_reports",
            "Numbers of viewers that RMS nodes reported, one of a video each.",
            registry=registry,
        )
        self.viewer_totals = Counter(
            f"{_PREFIX}_viewer_totals",
            "Totals of viewers that this dispatcher told, one of a video each.",
            registry=registry,
        )
        self.viewer_counts = Gauge(
            f"{_PREFIX}_viewer_counts", "Numbers of viewers kept, one of each video at each RMS.", registry=registry
        )
        self.viewer_counts_dropped = ReadCounter(
            f"{_PREFIX}_viewer_counts_dropped",
            "Numbers of viewers not kept, because there were too many.",
            registry=registry,
        )
        self.rms = OutboxFamily(registry, _PREFIX, "rms")
        self.peers = OutboxFamily(registry, f"{_PREFIX}_relay", "dc")

    def watch(
        self,
        *,
        recent_items: Callable[[], int],
        recent_bytes: Callable[[], int],
        recent_dropped: Callable[[], int],
        routed_videos: Callable[[], int],
        route_relists: Callable[[], int],
        route_buckets_pending: Callable[[], int],
        viewer_counts: Callable[[], int],
        viewer_counts_dropped: Callable[[], int],
    ) -> None:
        """Reads the gauges from where the figures are."""
        self.recent_items.set_function(recent_items)
        self.recent_bytes.set_function(recent_bytes)
        self.recent_dropped.set_function(recent_dropped)
        self.routed_videos.set_function(routed_videos)
        self.route_relists.set_function(route_relists)
        self.route_buckets_pending.set_function(route_buckets_pending)
        self.viewer_counts.set_function(viewer_counts)
        self.viewer_counts_dropped.set_function(viewer_counts_dropped)


class OutboxFamily:
    """The metrics of outboxes of one kind; ``label`` names the receiver."""

    def __init__(self, registry: CollectorRegistry, prefix: str, label: str) -> None:
        def counter(name: str, text: str, *more: str) -> Counter:
            return Counter(f"{prefix}_{name}", text, [label, *more], registry=registry)

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"{prefix}_{name}", text, [label], registry=registry)

        def histogram(name: str, text: str) -> Histogram:
            return Histogram(f"{prefix}_{name}", text, [label], buckets=LATENCY_BUCKETS_S, registry=registry)

        self.sent = counter("events_sent", "Events sent, each once, however often it was sent again.")
        self.heads_sent = counter("heads_sent", "Heads sent, each once.")
        self.resent = counter("resent", "Events and heads sent again after a stream broke.")
        self.batches = counter("batches_sent", "Batches sent.")
        self.dropped = counter("dropped", "Events and heads given up, by reason.", "reason")
        self.stream_ends = counter("stream_ends", "Streams that ended, by reason.", "reason")
        self.queued = gauge("outbox_queued", "Events and heads not acknowledged yet, those on the way included.")
        self.queued_bytes = gauge("outbox_bytes", "Bytes of those.")
        self.oldest_age = gauge("outbox_oldest_age_seconds", "Age of the oldest of those.")
        self.connected = gauge("outbox_connected", "1 while a stream stands.")
        self.wait_seconds = histogram("outbox_wait_seconds", "From an event's coming to its being sent, seconds.")
        self.ack_seconds = histogram("ack_seconds", "From a batch's being sent to its acknowledgement, seconds.")

    def of(self, receiver: str) -> OutboxMetrics:
        """The metrics of the outbox of ``receiver``."""
        return OutboxMetrics(self, receiver)


class OutboxMetrics:
    """One outbox's metrics, its label bound once: looking it up costs more than counting."""

    def __init__(self, family: OutboxFamily, receiver: str) -> None:
        self._family = family
        self._receiver = receiver
        self.sent = family.sent.labels(receiver)
        self.heads_sent = family.heads_sent.labels(receiver)
        self.resent = family.resent.labels(receiver)
        self.batches = family.batches.labels(receiver)
        self.connected = family.connected.labels(receiver)
        self.wait_seconds = family.wait_seconds.labels(receiver)
        self.ack_seconds = family.ack_seconds.labels(receiver)

    def dropped(self, reason: str, count: int) -> None:
        """``count`` events and heads were given up."""
        if count:
            self._family.dropped.labels(self._receiver, reason).inc(count)

    def stream_ended(self, reason: str) -> None:
        """A stream ended."""
        self._family.stream_ends.labels(self._receiver, reason).inc()

    def watch(
        self, *, queued: Callable[[], int], queued_bytes: Callable[[], int], oldest_age_s: Callable[[], float]
    ) -> None:
        """Reads the gauges from where the figures are."""
        self._family.queued.labels(self._receiver).set_function(queued)
        self._family.queued_bytes.labels(self._receiver).set_function(queued_bytes)
        self._family.oldest_age.labels(self._receiver).set_function(oldest_age_s)

    def forget(self) -> None:
        """The outbox is no more: its gauges go, its counts stay."""
        family = self._family
        for gauge in (family.queued, family.queued_bytes, family.oldest_age, family.connected):
            gauge.remove(self._receiver)
