"""How far before an id something may lie that whoever has that id has not had."""

from __future__ import annotations

from coordination.ids import first_id_at_ms, id_time_ms

# Writers' clocks differ, and what they write is neither stored nor published in the order of its ids.
CLOCK_SLACK_MS = 2000
# How far before its last comment a viewer may have missed an edit or deletion that it did not get from another node.
CHANGES_SLACK_MS = 30_000


def with_slack(event_id: int) -> int:
    """The cursor to read from that leaves nothing out where ``event_id`` was had: others may have another order."""
    return first_id_at_ms(id_time_ms(event_id) - CLOCK_SLACK_MS)


def long_before(comment_id: int) -> int:
    """The same for edits and deletions, which may come twice: a node mends them some seconds late."""
    return first_id_at_ms(id_time_ms(comment_id) - CHANGES_SLACK_MS)
