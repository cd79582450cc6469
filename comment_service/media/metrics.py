"""What is counted of images."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

from service_kit.metrics import LATENCY_BUCKETS_S, ReadGauges

_PREFIX = "livecomments_comment_service_media_"
_READ_WHEN_SCRAPED = {
    "uploads": "Uploads under way.",
    "spool_bytes": "Bytes of those in the spool folder.",
    "decoding": "Images that are being judged or wait for it.",
    "decoders_started": "Decoder processes started; each over the number of them had to replace one.",
    "files_waiting": "Calls that wait for the media files.",
    "downloads": "Images being sent.",
}


class MediaMetrics:
    """``faults`` are refusals of what an image is; refusals of requests are counted with all others."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.stored = Counter(_PREFIX + "stored", "Images taken in, by type.", ["content_type"], registry=registry)
        self.uploaded_bytes = Counter(
            _PREFIX + "uploaded_bytes", "Bytes of uploads that were taken in.", registry=registry
        )
        self.faults = Counter(
            _PREFIX + "faults", "Uploads that are no image that can be kept, by fault.", ["fault"], registry=registry
        )
        self.decode_s = Histogram(
            _PREFIX + "decode_seconds",
            "Judging an image, the wait for a decoder included.",
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        self.purged = Counter(
            _PREFIX + "purged",
            "Images removed, by cause: their comment was deleted, or no comment used them.",
            ["cause"],
            registry=registry,
        )
        self.purges_failed = Counter(
            _PREFIX + "purges_failed", "Images whose removal failed; a sweep does it later.", registry=registry
        )
        self.watch = ReadGauges(_PREFIX, _READ_WHEN_SCRAPED, registry=registry).watch
