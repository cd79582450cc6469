"""How many watch each video at this node, and the changes of it that each dispatcher has yet to be told."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable


class ViewerCounts:
    """The node's viewers by video. Pure."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._open: set[CountChanges] = set()

    @property
    def listeners(self) -> int:
        """Who is told of changes: Deliver streams."""
        return len(self._open)

    def set(self, video: str, count: int) -> None:
        """``video`` now has so many viewers."""
        if count:
            self._counts[video] = count
        else:
            self._counts.pop(video, None)
        for changes in self._open:
            changes.note(video, count)

    def changes(self, wake: Callable[[], None]) -> CountChanges:
        """What one listener has yet to be told, from nothing on; ``wake`` is called when there is something.

        To be closed when it listens no more.
        """
        changes = CountChanges(self._counts, wake, self._open.discard)
        self._open.add(changes)
        if changes:
            wake()
        return changes


class CountChanges:
    """Counts that differ from those that were taken last. However often one changes meanwhile, it is told once.

    It remembers videos with viewers, and those it told of that have none any more: no more than are served, and
    what closed since the listener last took.
    """

    def __init__(
        self, counts: dict[str, int], wake: Callable[[], None], on_close: Callable[[CountChanges], None]
    ) -> None:
        self._counts = counts
        self._wake = wake
        self._on_close = on_close
        self._told: dict[str, int] = {}
        self._changed = OrderedDict.fromkeys(counts)  # longest waiting first

    def __len__(self) -> int:
        """Videos to be told of."""
        return len(self._changed)

    def note(self, video: str, count: int) -> None:
        """``video`` has so many viewers now."""
        if count == self._told.get(video, 0):
            self._changed.pop(video, None)
        elif video not in self._changed:
            self._changed[video] = None
            self._wake()

    def take(self, limit: int) -> list[tuple[str, int]]:
        """The counts of at most ``limit`` videos, the longest waiting first; from now on they count as told."""
        taken: list[tuple[str, int]] = []
        while self._changed and len(taken) < limit:
            video, _ = self._changed.popitem(last=False)
            count = self._counts.get(video, 0)
            taken.append((video, count))
            if count:
                self._told[video] = count
            else:
                self._told.pop(video, None)
        return taken

    def close(self) -> None:
        """Nothing more is noted."""
        self._on_close(self)
