"""What was said a moment ago, for an RMS that begins to serve a video now."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable

from dispatcher.item import Item


class RecentWindow:
    """The items of the last ``window_s`` seconds, at most ``max_per_video`` newest of a video. Pure.

    Over ``max_items`` or ``max_bytes`` in all, the videos that are quiet for longest lose theirs; ``dropped`` counts.
    """

    def __init__(
        self,
        *,
        window_s: float,
        max_per_video: int,
        max_items: int,
        max_bytes: int,
        clock: Callable[[], float],
    ) -> None:
        self._window_s = window_s
        self._max_per_video = max_per_video
        self._max_items = max_items
        self._max_bytes = max_bytes
        self._clock = clock
        # Longest quiet first.
        self._videos: OrderedDict[str, deque[Item]] = OrderedDict()
        self.items = 0
        self.size_bytes = 0
        self.dropped = 0

    def add(self, item: Item) -> None:
        """Remembers ``item``, which came last."""
        kept = self._videos.get(item.video)
        if kept is None:
            kept = self._videos[item.video] = deque()
        else:
            self._videos.move_to_end(item.video)
        kept.append(item)
        self.items += 1
        self.size_bytes += item.size_bytes
        since = item.came_at - self._window_s
        while kept[0].came_at < since or len(kept) > self._max_per_video:
            self._forget(kept.popleft())
        while self.items > self._max_items or self.size_bytes > self._max_bytes:
            self.dropped += self._forget_longest_quiet()

    def of(self, video: str) -> list[Item]:
        """The recent items of ``video``, oldest first."""
        since = self._clock() - self._window_s
        return [item for item in self._videos.get(video, ()) if item.came_at >= since]

    def expire(self) -> None:
        """Lets go of videos that are quiet for longer than the window. To be called now and then."""
        since = self._clock() - self._window_s
        while self._videos and next(iter(self._videos.values()))[-1].came_at < since:
            self._forget_longest_quiet()

    def _forget_longest_quiet(self) -> int:
        _, kept = self._videos.popitem(last=False)
        for item in kept:
            self._forget(item)
        return len(kept)

    def _forget(self, item: Item) -> None:
        self.items -= 1
        self.size_bytes -= item.size_bytes
