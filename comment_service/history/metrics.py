"""What is counted of reading the history."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

from comment_service.history.page_cache import HistoryDropReason
from service_kit.metrics import ReadGauges

_PREFIX = "livecomments_comment_service_history_"
_READ_WHEN_SCRAPED = {"answers": "Answers that are kept.", "answers_bytes": "Bytes that those take."}


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
        self.watch = ReadGauges(_PREFIX, _READ_WHEN_SCRAPED, registry=registry).watch

    def on_drop(self, reason: HistoryDropReason) -> None:
        """One is kept no longer."""
        self._dropped.labels(reason).inc()
