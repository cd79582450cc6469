"""What the comment service counts."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

from comment_service.history.metrics import HistoryMetrics
from comment_service.reactions.metrics import ReactionMetrics
from service_kit.metrics import LATENCY_BUCKETS_S, ReadCounter, ReadGauges

_PREFIX = "livecomments_comment_service_"
_BATCH_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
_READ_WHEN_SCRAPED = {
    "write_queue_length": "Writes that wait for the store.",
    "read_queue_length": "Reads that wait for the store.",
    "unpublished": "Comments and changes that wait for their write.",
    "videos_remembered": "Videos of which it is remembered whether they have ended.",
    "keyed_posts": "Posts with an Idempotency-Key that are being made.",
    "passwords_under_way": "Passwords being hashed, or waiting to be.",
    "login_keys_counted": "Usernames and addresses whose attempts to log in or register are counted.",
    "bans_remembered": "Users of whom it is remembered what they are banned from.",
    "slow_mode_turns": "Users in videos in slow mode whose last comment's time is remembered.",
    "blocked_words": "Words and phrases that no comment may have.",
    "rate_keys": "Users, addresses and videos whose requests are counted.",
    "rate_services": "Comment services that the limits of addresses and videos are shared by.",
    "tokens_remembered": "Verified tokens in the cache.",
    "http_requests_in_flight": "HTTP requests being answered.",
    "worker": "The worker number in the ids that are made here.",
    "id_clock_ahead_seconds": "By how much the last id is ahead of the clock, which stands or has stepped back.",
}


class CommentServiceMetrics:
    """The process's own metrics; the publisher brings its own."""

    def __init__(self, registry: CollectorRegistry) -> None:
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
            _PREFIX + "write_batch_size",
            "Writes in one transaction or request.",
            buckets=_BATCH_BUCKETS,
            registry=registry,
        )
        self.commit_s = Histogram(
            _PREFIX + "write_batch_seconds",
            "One transaction or request of writes, made durable.",
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        self.failed_batches = Counter(
            _PREFIX + "write_batches_failed", "Transactions or requests of writes that failed.", registry=registry
        )
        self.reactions = ReactionMetrics(registry)
        self.history = HistoryMetrics(registry)
        self.slow_mode_forgotten = Counter(
            _PREFIX + "slow_mode_forgotten",
            "Users in slow mode whose last comment's time was forgotten because there were too many.",
            registry=registry,
        )
        self.rates_forgotten = ReadCounter(
            _PREFIX + "rate_keys_forgotten",
            "Users, addresses and videos whose requests were forgotten because there were too many.",
            registry=registry,
        )
        self.login_keys_forgotten = ReadCounter(
            _PREFIX + "login_keys_forgotten",
            "Usernames and addresses whose attempts were forgotten because there were too many.",
            registry=registry,
        )
        self.watch = ReadGauges(_PREFIX, _READ_WHEN_SCRAPED, registry=registry).watch

    def on_batch(self, items: int, took_s: float, committed: bool) -> None:
        """A transaction of the store's writer ended."""
        self.write_batch.observe(items)
        self.commit_s.observe(took_s)
        if not committed:
            self.failed_batches.inc()
