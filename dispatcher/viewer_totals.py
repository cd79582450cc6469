"""Which videos' numbers of viewers are to be told, and when."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from dispatcher.viewer_counts import ViewerCounts

# Every total that is told is sent to everybody who watches.
WORTH_TELLING_PERCENT = 1


class ViewerTotals:
    """The totals of those videos that this dispatcher owns, as they were told last. Pure.

    A video's is told when it differs by 1 % or more from what was told, and not within ``every_s`` of that. After
    the owners changed nothing is told for ``every_s``: who owned a video before may just have told it, and who has
    only just come does not know all counts yet.
    """

    def __init__(self, counts: ViewerCounts, *, every_s: float, clock: Callable[[], float]) -> None:
        self._counts = counts
        self._every_s = every_s
        self._clock = clock
        self._owns: Callable[[str], bool] = lambda video: False
        self._told: dict[str, int] = {}
        self._changed: OrderedDict[str, None] = OrderedDict()  # longest waiting first
        self._resting: OrderedDict[str, float] = OrderedDict()  # told a moment ago: until when; soonest first
        self._to_review: list[str] = []  # all there were when the owners changed
        self._silent_until = 0.0

    def own(self, owns: Callable[[str], bool]) -> None:
        """From now on the videos of which ``owns`` is true are this dispatcher's."""
        self._owns = owns
        self._silent_until = self._clock() + self._every_s
        self._to_review = [*self._told, *self._counts.videos]

    def changed(self, video: str) -> None:
        """The viewers of ``video`` have become more or fewer."""
        if video not in self._resting:
            self._changed[video] = None

    def told(self, video: str) -> int | None:
        """What was told of ``video`` last; None where that is nothing, or not this dispatcher's to tell."""
        return self._told.get(video)

    @property
    def due(self) -> bool:
        """There is something for ``take``."""
        now = self._clock()
        if now < self._silent_until:
            return False
        return bool(self._changed or self._to_review) or next(iter(self._resting.values()), now + 1) <= now

    def take(self, limit: int) -> list[tuple[str, int]]:
        """The totals to be told now, of the next ``limit`` videos that may have one."""
        now = self._clock()
        self._wake(now, limit)
        self._review(limit - len(self._changed))
        taken: list[tuple[str, int]] = []
        for _ in range(min(limit, len(self._changed))):
            video, _ = self._changed.popitem(last=False)
            if not self._owns(video):
                self._told.pop(video, None)
                continue
            total = self._counts.total(video)
            if not _worth_telling(self._told.get(video, 0), total):
                continue
            if total:
                self._told[video] = total
            else:
                del self._told[video]
            self._resting[video] = now + self._every_s
            taken.append((video, total))
        return taken

    def _wake(self, now: float, limit: int) -> None:
        while self._resting and limit > 0 and next(iter(self._resting.values())) <= now:
            video, _ = self._resting.popitem(last=False)
            self._changed[video] = None
            limit -= 1

    def _review(self, limit: int) -> None:
        for _ in range(min(limit, len(self._to_review))):
            self.changed(self._to_review.pop())


def _worth_telling(told: int, total: int) -> bool:
    return total != told and abs(total - told) * 100 >= told * WORTH_TELLING_PERCENT
