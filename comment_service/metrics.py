"""What the comment service counts."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from service_kit.metrics import LATENCY_BUCKETS_S

_PREFIX = "livecomments_comment_service_"
_BATCH_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500)


class CommentServiceMetrics:
    """The process's own metrics; the publisher brings its own."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self.accepted = Counter(
            _PREFIX + "posts_accepted", "Posts that passed all checks and got an id.", registry=registry
        )
        self.stored = Counter(_PREFIX + "comments_stored", "Comments durably stored.", registry=registry)
        self.refused = Counter(
            _PREFIX + "requests_refused", "Requests refused, by edge and reason.", ["edge", "reason"], registry=registry
        )
        self.request_s = Histogram(
            _PREFIX + "request_seconds",
            "From a request's last byte to its answer.",
            ["edge", "operation"],
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        self.store_s = Histogram(
            _PREFIX + "store_seconds",
            "Waiting for the store, queues included.",
            ["operation"],
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        self.write_batch = Histogram(
            _PREFIX + "write_batch_size", "Writes in one transaction.", buckets=_BATCH_BUCKETS, registry=registry
        )
        self.commit_s = Histogram(
            _PREFIX + "write_batch_seconds",
            "One transaction, its fsync included.",
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        self.failed_batches = Counter(
            _PREFIX + "write_batches_failed", "Transactions that could not be committed.", registry=registry
        )

    def watch(self, name: str, help_text: str, value: Callable[[], float]) -> None:
        """A gauge that is read when it is scraped."""
        Gauge(_PREFIX + name, help_text, registry=self._registry).set_function(value)

    def on_batch(self, items: int, took_s: float, committed: bool) -> None:
        """A transaction of the store's writer ended."""
        self.write_batch.observe(items)
        self.commit_s.observe(took_s)
        if not committed:
            self.failed_batches.inc()
