"""Answers that are kept, in bounds, until their time is up or a comment that they depend on changes. Pure."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from comment_service.history.wanted import Covered, PageOf, Wanted

# Of an entry besides its body.
_ENTRY_BYTES = 600


class Life(StrEnum):
    """How long an answer may be kept."""

    NONE = "none"
    RECENT = "recent"
    SETTLED = "settled"


class HistoryDropReason(StrEnum):
    """Why an answer is kept no longer; the codes in metrics."""

    EXPIRED = "expired"
    CHANGED = "changed"
    MANY_ENTRIES = "many_entries"
    MANY_BYTES = "many_bytes"


@dataclass(frozen=True, slots=True)
class Answer:
    """``body``: JSON, UTF-8. ``etag``: as HTTP has it, quoted."""

    body: bytes
    etag: str
    life: Life


@dataclass(frozen=True)
class CacheLimits:
    """Seconds that answers are kept, and how many: as ``HistorySettings``. ``recent_s`` 0: none is kept."""

    recent_s: float = 1.0
    settled_s: float = 20.0
    max_entries: int = 10_000
    max_bytes: int = 64 * 1024 * 1024

    def life_s(self, life: Life) -> float:
        if not self.recent_s or life is Life.NONE:
            return 0.0
        return self.recent_s if life is Life.RECENT else self.settled_s


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    wanted: Wanted
    answer: Answer
    covered: Covered
    until: float

    @property
    def bytes(self) -> int:
        return _ENTRY_BYTES + len(self.answer.body)


@dataclass(slots=True)
class _Video:
    """Settled answers apart: no new comment is in one of them, and there can be thousands."""

    entries: dict[Life, dict[Wanted, _Entry]] = field(
        default_factory=lambda: {Life.RECENT: {}, Life.SETTLED: {}},
    )
    last_settled: int = 0

    def covering(self, comment_id: int) -> list[_Entry]:
        found = [entry for entry in self.entries[Life.RECENT].values() if comment_id in entry.covered]
        if comment_id <= self.last_settled:
            found += [entry for entry in self.entries[Life.SETTLED].values() if comment_id in entry.covered]
        return found


class PageCache:
    """The least recently used go first. ``on_drop`` hears of each that goes."""

    def __init__(
        self,
        limits: CacheLimits,
        *,
        on_drop: Callable[[HistoryDropReason], None] = lambda _reason: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.bytes = 0
        self._limits = limits
        self._on_drop = on_drop
        self._clock = clock
        self._entries: OrderedDict[Wanted, _Entry] = OrderedDict()
        self._videos: dict[str, _Video] = {}
        # By life, since all of one life end in the order in which they came.
        self._ends: dict[Life, deque[tuple[float, Wanted]]] = {Life.RECENT: deque(), Life.SETTLED: deque()}

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, wanted: Wanted) -> Answer | None:
        self._expire()
        entry = self._entries.get(wanted)
        if entry is None or entry.until <= self._clock():
            return None
        self._entries.move_to_end(wanted)
        return entry.answer

    def put(self, wanted: Wanted, answer: Answer, covered: Covered, began: float) -> None:
        """Keeps it for as long as its life is, from ``began`` on, by the clock: when its reading began."""
        self._expire()
        life_s = self._limits.life_s(answer.life)
        entry = _Entry(wanted, answer, covered, began + life_s)
        self._remove(wanted)
        if not life_s or entry.bytes > self._limits.max_bytes:
            return
        video = self._videos.setdefault(wanted.live_video_id, _Video())
        video.entries[answer.life][wanted] = entry
        if answer.life is Life.SETTLED:
            video.last_settled = max(video.last_settled, covered.last)
        self._entries[wanted] = entry
        self._ends[answer.life].append((entry.until, wanted))
        self.bytes += entry.bytes
        self._keep_bounds()

    def written(self, live_video_id: str, comment_id: int, thread: int | None) -> None:
        """The comment is new, or is another than it was. ``thread``: the one that it belongs to, if any."""
        self._drop_changed(live_video_id, comment_id, lambda wanted: wanted is None or wanted == thread)

    def changed(self, live_video_id: str, comment_id: int) -> None:
        """As ``written``, where it is not known whether it belongs to a thread."""
        self._drop_changed(live_video_id, comment_id, lambda _wanted: True)

    def drop_video(self, live_video_id: str) -> None:
        """Anything in it may have changed."""
        video = self._videos.get(live_video_id, _Video())
        for wanted in [wanted for entries in video.entries.values() for wanted in entries]:
            self._drop(wanted, HistoryDropReason.CHANGED)

    def _drop_changed(self, live_video_id: str, comment_id: int, depends: Callable[[int | None], bool]) -> None:
        video = self._videos.get(live_video_id)
        if video is None:
            return
        self._expire()
        for entry in video.covering(comment_id):
            thread = entry.wanted.thread if isinstance(entry.wanted, PageOf) else None
            if depends(thread):
                self._drop(entry.wanted, HistoryDropReason.CHANGED)

    def _expire(self) -> None:
        now = self._clock()
        for ends in self._ends.values():
            while ends and ends[0][0] <= now:
                _, wanted = ends.popleft()
                entry = self._entries.get(wanted)
                if entry is not None and entry.until <= now:
                    self._drop(wanted, HistoryDropReason.EXPIRED)

    def _keep_bounds(self) -> None:
        while len(self._entries) > self._limits.max_entries:
            self._drop(next(iter(self._entries)), HistoryDropReason.MANY_ENTRIES)
        while self.bytes > self._limits.max_bytes:
            self._drop(next(iter(self._entries)), HistoryDropReason.MANY_BYTES)

    def _drop(self, wanted: Wanted, reason: HistoryDropReason) -> None:
        self._remove(wanted)
        self._on_drop(reason)

    def _remove(self, wanted: Wanted) -> None:
        entry = self._entries.pop(wanted, None)
        if entry is None:
            return
        self.bytes -= entry.bytes
        video = self._videos[wanted.live_video_id]
        del video.entries[entry.answer.life][wanted]
        if not any(video.entries.values()):
            del self._videos[wanted.live_video_id]
