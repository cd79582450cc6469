"""What one channel has had of each origin: how a loss is noticed without a bus. Pure."""

from __future__ import annotations

from collections.abc import Callable

from coordination.ids import first_id_at_ms, id_time_ms

# A loss by an origin never heard of here is looked for this far back. What such an origin published goes the same way
# as everyone's, and its heads would have told of it within three seconds.
STRANGER_HORIZON_MS = 10_000


class OriginChains:
    """The last event of each origin, to hold the next one's ``previous_id`` or a head against.

    Ids up to ``covered_to`` count as had: what lies before the channel's opening came with its backfill, or is older
    than that reaches. At most ``max_origins`` are remembered, those heard of last.
    """

    __slots__ = ("_covered_to", "_last", "_max_origins")

    def __init__(self, covered_to: int, *, max_origins: int = 256) -> None:
        self._covered_to = covered_to
        self._max_origins = max_origins
        self._last: dict[str, int] = {}

    def advance(self, origin: str, event_id: int) -> None:
        """``event_id`` is the latest of ``origin``; or was, and counts as had though no store has it (a deletion)."""
        self._last.pop(origin, None)
        self._last[origin] = event_id
        if len(self._last) > self._max_origins:
            del self._last[next(iter(self._last))]

    def missing_since(self, origin: str, event_id: int, has: Callable[[int], bool]) -> int | None:
        """None where ``event_id`` of ``origin`` was had; otherwise the id after which something is missing.

        ``has`` says whether the channel remembers an id. Ids of one origin need not rise: a writer publishes in the
        order of its commits. So an id below the last one is not taken for granted.
        """
        last = self._last.get(origin)
        if event_id <= self._covered_to or event_id == last or has(event_id):
            return None
        since = first_id_at_ms(id_time_ms(event_id) - STRANGER_HORIZON_MS) if last is None else min(last, event_id)
        return max(since, self._covered_to)
