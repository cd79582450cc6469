"""The last event of each video that this process published: `previous_id` and heads."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# One second finds a loss while viewers still care; three covers a first head that went the same way as the event.
HEAD_DELAYS_S = (1.0, 3.0)


@dataclass(slots=True)
class _Last:
    event_id: int
    at: float
    # Index of the next head's delay; past the end once all were made.
    stage: int = 0


class Heads:
    """Remembers the last event id of at most ``max_videos`` videos, and when to repeat it. Pure.

    Times are seconds of one monotonic clock, given by the caller, never going back.
    """

    def __init__(self, max_videos: int, delays_s: Sequence[float] = HEAD_DELAYS_S) -> None:
        self._max_videos = max_videos
        self._delays_s = tuple(delays_s)
        # Longest quiet first.
        self._last: OrderedDict[str, _Last] = OrderedDict()
        # For each delay the videos whose next head it is, longest quiet first. Delays are constant, so each
        # queue is in order of time by itself and needs no heap.
        self._quiet: tuple[OrderedDict[str, None], ...] = tuple(OrderedDict() for _ in self._delays_s)
        self._highest_forgotten_id = 0
        self._forgotten_heads = 0

    def __len__(self) -> int:
        return len(self._last)

    def published(self, video: str, event_id: int, now: float) -> int:
        """Notes an event and returns its ``previous_id``.

        0 says that nothing of this video was published before. So where the video's last id may have been forgotten
        it is the highest id forgotten, of whichever video: a receiver that has everything of this video finds
        nothing to repair, and one that has not is told so. With 0 it would never know.
        """
        last = self._last.get(video)
        if last is None:
            previous_id = self._highest_forgotten_id
            self._last[video] = _Last(event_id, now)
            self._quiet[0][video] = None
            if len(self._last) > self._max_videos:
                self._forget_longest_quiet()
            return previous_id
        previous_id = last.event_id
        if 0 < last.stage < len(self._quiet):
            del self._quiet[last.stage][video]
        last.event_id, last.at, last.stage = event_id, now, 0
        self._last.move_to_end(video)
        self._quiet[0][video] = None
        self._quiet[0].move_to_end(video)
        return previous_id

    def due(self, now: float) -> Iterator[tuple[str, int]]:
        """The heads to publish now: ``(video, last id)``."""
        for stage, (delay_s, quiet) in enumerate(zip(self._delays_s, self._quiet, strict=True)):
            while quiet:
                video = next(iter(quiet))
                last = self._last[video]
                if last.at + delay_s > now:
                    break
                del quiet[video]
                last.stage = stage + 1
                if last.stage < len(self._quiet):
                    self._quiet[last.stage][video] = None
                yield video, last.event_id

    def close(self) -> Iterator[tuple[str, int]]:
        """One head for each video that has any to come: this process ends and will not be there to make them."""
        for quiet in self._quiet:
            while quiet:
                video, _ = quiet.popitem(last=False)
                last = self._last[video]
                last.stage = len(self._quiet)
                yield video, last.event_id

    def take_forgotten(self) -> int:
        """How many heads, since this was last asked, will never come: there were too many videos."""
        count, self._forgotten_heads = self._forgotten_heads, 0
        return count

    def _forget_longest_quiet(self) -> None:
        video, last = self._last.popitem(last=False)
        self._highest_forgotten_id = max(self._highest_forgotten_id, last.event_id)
        if last.stage < len(self._quiet):
            del self._quiet[last.stage][video]
            self._forgotten_heads += 1
