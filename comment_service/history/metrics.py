"""What is counted of reading the history."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge

from comment_service.history.page_cache import HistoryDropReason

_PREFIX = "livecomments_comment_service_history_"


class HistoryMetrics:
    """A reason label takes the codes of ``HistoryDropReason``."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.reads = Counter(
            _PREFIX + "reads",
            "Reads of history over HTTP: had (hit), read from the store (miss, fresh), or joined to such a read (wait)."
            " Fresh ones share reads, too, that begin after they came.",
            ["result"],
            registry=registry,
        )
        self.checks = Counter(
            _PREFIX + "checks", "Times that a video's changes were read, for the settled answers.", registry=registry
        )
        self._dropped = Counter(
            _PREFIX + "answers_dropped", "Answers that are kept no longer.", ["reason"], registry=registry
        )
        self._entries = Gauge(_PREFIX + "answers", "Answers that are kept.", registry=registry)
        self._bytes = Gauge(_PREFIX + "answers_bytes", "Bytes that those take.", registry=registry)

    def on_drop(self, reason: HistoryDropReason) -> None:
        """One is kept no longer."""
        self._dropped.labels(reason).inc()

    def watch(self, *, entries: Callable[[], float], bytes: Callable[[], float]) -> None:
        """Reads the gauges from where the figures are."""
        self._entries.set_function(entries)
        self._bytes.set_function(bytes)
