"""What the comment service counts of reactions."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

from service_kit.metrics import ReadGauges

_PREFIX = "livecomments_comment_service_"
_READ_WHEN_SCRAPED = {
    "reaction_videos": "Videos with reactions to tell of.",
    "reaction_comments": "Comments whose totals are to be told, once or again.",
    "reactions_uncounted": "Reactions to videos that wait for the store.",
}


class ReactionMetrics:
    """A reason label takes the codes of ``ReactionDropReason``."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.accepted = Counter(
            _PREFIX + "reactions",
            "Reactions taken in, by what they are to (comment, video); those that change nothing are not counted.",
            ["to"],
            registry=registry,
        )
        self.events = Counter(
            _PREFIX + "reaction_events", "Events of totals that changed, handed to the publisher.", registry=registry
        )
        self.retries = Counter(
            _PREFIX + "reaction_retries",
            "Times that the store could not count or read a video's reactions; it is tried again.",
            registry=registry,
        )
        self.dropped = Counter(
            _PREFIX + "reaction_news_dropped",
            "Comments whose new totals viewers were not told, and reactions to videos that were given up.",
            ["what", "reason"],
            registry=registry,
        )
        self.watch = ReadGauges(_PREFIX, _READ_WHEN_SCRAPED, registry=registry).watch
