"""What an RMS counts. Names, help texts and labels are what dashboards and alerts stand on."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from service_kit.metrics import LATENCY_BUCKETS_S, ReadCounter


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
            "Times that a channel sent to its viewers, however many they are, by what made it.",
            ["cause"],
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
        self.gzip_viewers = Gauge(
            "livecomments_rms_gzip_viewers", "Open viewer connections whose stream is gzip.", registry=registry
        )
        self.gzip_encoders = Gauge(
            "livecomments_rms_gzip_encoders", "Channels that are compressed, once for all viewers.", registry=registry
        )
        self.gzip_min_viewers = Gauge(
            "livecomments_rms_gzip_min_viewers",
            "Up-to-date gzip viewers that a channel must have to be compressed; it rises while compressing takes more "
            "than its share of the node's time.",
            registry=registry,
        )
        self.gzip_seconds = Counter(
            "livecomments_rms_gzip_seconds_total", "CPU seconds spent compressing.", registry=registry
        )
        self.gzip_bytes = Counter(
            "livecomments_rms_gzip_bytes_total",
            "Bytes of flushes before (in) and after (out) compression, each flush once.",
            ["side"],
            registry=registry,
        )
        self.gzip_deliveries = Counter(
            "livecomments_rms_gzip_deliveries_total",
            "Those of the deliveries that went to gzip viewers, compressed (shared) or as they are (stored).",
            ["block"],
            registry=registry,
        )
        self.gzip_uncompressed = Counter(
            "livecomments_rms_gzip_uncompressed_flushes_total",
            "Flushes to gzip viewers that were not compressed.",
            ["reason"],
            registry=registry,
        )


class ServiceMetrics(RmsMetrics):
    """What the node as a whole counts: beside the engine's, joining, what comes in, history and repairs."""

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__(registry)
        self.channels = Gauge("livecomments_rms_channels", "Videos served.", registry=registry)
        self.opening_channels = Gauge(
            "livecomments_rms_opening_channels", "Videos whose first backfill is under way.", registry=registry
        )
        self.waiting_viewers = Gauge(
            "livecomments_rms_waiting_viewers", "Viewers that wait for history.", registry=registry
        )
        self.joins = Counter("livecomments_rms_joins_total", "Viewers taken in.", ["how"], registry=registry)
        self.refused = Counter(
            "livecomments_rms_refused_total",
            "Viewers refused for want of room, by the status they were answered with (refused_stream: by RST_STREAM).",
            ["reason", "status"],
            registry=registry,
        )
        self.links = Gauge("livecomments_rms_links", "HTTP/2 connections whose streams are viewers.", registry=registry)
        self.link_ends = Counter(
            "livecomments_rms_link_ends_total", "HTTP/2 connections ended.", ["reason"], registry=registry
        )
        self.link_buffered_bytes = Gauge(
            "livecomments_rms_link_buffered_bytes",
            "Bytes written to HTTP/2 connections that the kernel has not taken yet.",
            registry=registry,
        )
        self.waiting_requests = Gauge(
            "livecomments_rms_waiting_requests",
            "Requests on HTTP/2 connections that have come and wait for their turn.",
            registry=registry,
        )
        self.reading_pauses = Counter(
            "livecomments_rms_reading_pauses_total",
            "Times that nothing more was read from an HTTP/2 connection because so many of its requests wait.",
            registry=registry,
        )
        self.bad_requests = Counter(
            "livecomments_rms_bad_requests_total",
            "Requests that are no request for a stream.",
            ["status"],
            registry=registry,
        )
        self.received = Counter(
            "livecomments_rms_received_total", "Events and heads from dispatchers.", ["what"], registry=registry
        )
        self.hop_seconds = Histogram(
            "livecomments_rms_hop_seconds",
            "How long comments took to get here: since they were made (post), since the dispatcher sent them "
            "(dispatcher). By the clocks of two machines.",
            ["since"],
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        self.history_read_seconds = Histogram(
            "livecomments_rms_history_read_seconds",
            "One call of ListComments or ListChanges.",
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        self.history_waiting = Gauge(
            "livecomments_rms_history_waiting", "Reads of history, running or waiting.", registry=registry
        )
        self.history_failures = Counter(
            "livecomments_rms_history_failures_total",
            "Pages of history not to be had.",
            ["reason"],
            registry=registry,
        )
        self.opened_incomplete = Counter(
            "livecomments_rms_opened_incomplete_total",
            "Channels that went live without their backfill.",
            registry=registry,
        )
        self.released = Counter(
            "livecomments_rms_released_total",
            "Events that went on after having been held.",
            ["reason"],
            registry=registry,
        )
        self.repairs = Counter("livecomments_rms_repairs_total", "Repairs.", ["outcome"], registry=registry)
        self.mended = Counter(
            "livecomments_rms_mended_total",
            "Comments, edits and deletions that did not come live, by what brought them.",
            ["by"],
            registry=registry,
        )
        self.changes_forgotten = Counter(
            "livecomments_rms_changes_forgotten_total",
            "Edits and deletions that a channel remembers no more: there were too many.",
            registry=registry,
        )
        self.unannounced = Gauge(
            "livecomments_rms_unannounced_channels",
            "Videos polled: without a route yet, or ended and with viewers of a moment ago.",
            registry=registry,
        )
        self.routes = Gauge("livecomments_rms_routes", "Routes registered in ZooKeeper.", registry=registry)
        self.routes_pending = Gauge(
            "livecomments_rms_routes_pending",
            "Videos whose announcement or withdrawal ZooKeeper has not confirmed.",
            registry=registry,
        )
        self.routes_refused = ReadCounter(
            "livecomments_rms_routes_refused",
            "Videos that were not announced because so many are; they are polled.",
            registry=registry,
        )
        self.routes_taken_over = ReadCounter(
            "livecomments_rms_routes_taken_over",
            "Route nodes that an earlier session of this process had left behind.",
            registry=registry,
        )
        self.route_retries = ReadCounter(
            "livecomments_rms_route_retries",
            "Batches of announcements and withdrawals that failed and were tried again.",
            registry=registry,
        )

    def watch(
        self,
        *,
        routes: Callable[[], int],
        routes_pending: Callable[[], int],
        routes_refused: Callable[[], int],
        routes_taken_over: Callable[[], int],
        route_retries: Callable[[], int],
    ) -> None:
        """Reads the figures of routes from where they are."""
        self.routes.set_function(routes)
        self.routes_pending.set_function(routes_pending)
        self.routes_refused.set_function(routes_refused)
        self.routes_taken_over.set_function(routes_taken_over)
        self.route_retries.set_function(route_retries)
