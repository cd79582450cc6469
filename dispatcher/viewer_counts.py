"""How many watch each video, by what the RMS nodes say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Node:
    """What one RMS has said."""

    # On the stream that stands, or stood last.
    told: dict[str, int] = field(default_factory=dict)
    # On streams before it, and not since.
    before: dict[str, int] = field(default_factory=dict)
    before_until: float | None = None


class ViewerCounts:
    """Each RMS's viewers by video, and the sums. Pure; none of its videos has a sum of 0.

    The end of a stream does not say that its viewers are gone: what was said on it holds for ``grace_s`` more, or
    until the next stream says otherwise. At most ``max_counts`` are kept; ``dropped`` counts those that were not.
    """

    def __init__(self, *, max_counts: int, grace_s: float, clock: Callable[[], float]) -> None:
        self._max_counts = max_counts
        self._grace_s = grace_s
        self._clock = clock
        self._nodes: dict[str, _Node] = {}
        self._totals: dict[str, int] = {}
        self._size = 0
        self.dropped = 0

    def __len__(self) -> int:
        """Counts kept: videos, times the RMS nodes that have viewers of them."""
        return self._size

    @property
    def videos(self) -> Iterable[str]:
        """Those with viewers."""
        return self._totals

    def total(self, video: str) -> int:
        """All who watch ``video``."""
        return self._totals.get(video, 0)

    def holders(self, video: str) -> list[str]:
        """The RMS nodes that have viewers of ``video``."""
        return [rms_id for rms_id, node in self._nodes.items() if video in node.told or video in node.before]

    def report(self, rms_id: str, video: str, count: int) -> bool:
        """An RMS says that it has ``count`` viewers of ``video``. True: for the first time on its stream."""
        node = self._nodes.get(rms_id)
        if node is None:
            node = self._nodes[rms_id] = _Node()
        first = video not in node.told
        known = node.told.pop(video, 0) or node.before.pop(video, 0)
        self._size -= known > 0
        if count and self._size >= self._max_counts:
            self.dropped += 1
            count = 0
        if count:
            node.told[video] = count
            self._size += 1
        self._add(video, count - known)
        return first and count > 0

    def stream_ended(self, rms_id: str) -> None:
        """The stream that an RMS reported on is no more."""
        node = self._nodes.get(rms_id)
        if node is not None:
            fewer, more = sorted((node.told, node.before), key=len)  # of no video in both
            more |= fewer
            node.before, node.told = more, {}
            node.before_until = self._clock() + self._grace_s

    def expire(self, limit: int) -> list[str]:
        """Lets go of what no stream says any more, of ``limit`` counts at most, and returns the videos of them.

        To be called now and then, until it returns none.
        """
        now = self._clock()
        gone: list[str] = []
        for rms_id, node in list(self._nodes.items()):
            if node.before_until is None or now < node.before_until:
                continue
            while node.before and len(gone) < limit:
                video, count = node.before.popitem()
                self._add(video, -count)
                self._size -= 1
                gone.append(video)
            if node.before:
                break
            node.before_until = None
            if not node.told:
                del self._nodes[rms_id]
        return gone

    def _add(self, video: str, difference: int) -> None:
        total = self._totals.get(video, 0) + difference
        if total:
            self._totals[video] = total
        else:
            self._totals.pop(video, None)
