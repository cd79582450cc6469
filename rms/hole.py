"""What is missing from a channel's stream."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Hole:
    """Something is missing after the id ``since``; once the store was asked, ``claims`` count as had."""

    since: int
    claims: dict[str, int] = field(default_factory=dict)
    """origin → the id that it says it published. Without any, the hole is a doubt."""


class OpenHole:
    """All that a channel misses and that nobody mends yet, as one hole."""

    __slots__ = ("_hole",)

    def __init__(self) -> None:
        self._hole: Hole | None = None

    def doubt(self, since: int) -> None:
        """Something after ``since`` may be missing."""
        self._reaching(since)

    def claim(self, since: int, origin: str, event_id: int) -> None:
        """``origin`` published ``event_id``, which is missing, with whatever else follows ``since``."""
        self._reaching(since).claims[origin] = event_id

    def put_back(self, hole: Hole) -> None:
        """It could not be mended yet."""
        self._reaching(hole.since).claims.update(hole.claims)

    def take(self) -> Hole | None:
        """All of it; whoever takes it mends it or puts it back."""
        hole, self._hole = self._hole, None
        return hole

    def _reaching(self, since: int) -> Hole:
        if self._hole is None:
            self._hole = Hole(since)
        self._hole.since = min(self._hole.since, since)
        return self._hole
