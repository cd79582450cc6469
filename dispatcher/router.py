"""Which RMS each event goes to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from dispatcher.item import OVERHEAD_BYTES, Item
from dispatcher.recent import RecentWindow
from livecomments.v1 import event_pb2


@dataclass(slots=True)
class Routed:
    """Where a batch goes: all of it, and the part of each RMS, in order."""

    items: list[Item] = field(default_factory=list)
    by_rms: dict[str, list[Item]] = field(default_factory=dict)
    # How many no RMS serves the video of: nobody watches it. The recent window has them should one begin to.
    unrouted: int = 0


class Router:
    """Looks each item's video up by ``rms_of`` and remembers it in ``recent``. Pure."""

    def __init__(
        self, rms_of: Callable[[str], Sequence[str]], recent: RecentWindow, *, clock: Callable[[], float]
    ) -> None:
        self._rms_of = rms_of
        self._recent = recent
        self._clock = clock

    def route(self, events: Iterable[event_pb2.Event], heads: Iterable[event_pb2.Head]) -> Routed:
        """Where the events and then the heads of one batch go."""
        now = self._clock()
        routed = Routed()
        for event in events:
            self._place(Item(event.live_video_id, event, len(event.data) + OVERHEAD_BYTES, now), routed)
        for head in heads:
            self._place(Item(head.live_video_id, head, OVERHEAD_BYTES, now), routed)
        return routed

    def recent_of(self, video: str) -> list[Item]:
        """What an RMS that begins to serve ``video`` is given, oldest first."""
        return self._recent.of(video)

    def _place(self, item: Item, routed: Routed) -> None:
        self._recent.add(item)
        routed.items.append(item)
        rms_ids = self._rms_of(item.video)
        if not rms_ids:
            routed.unrouted += 1
        for rms_id in rms_ids:
            part = routed.by_rms.get(rms_id)
            if part is None:
                part = routed.by_rms[rms_id] = []
            part.append(item)
