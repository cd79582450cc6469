"""Telling repeats from news, in bounded memory."""

from __future__ import annotations

from collections import deque

from rms.reasons import DropReason


class RecentIds:
    """The last ``limit`` event ids of a video, which outlive the frames themselves.

    Under the greatest id that it had to forget it cannot tell a repeat from a very late event, and refuses both:
    twice would break the promise to every viewer, while what is refused is in the store.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: set[int] = set()
        self._oldest_first: deque[int] = deque()
        self._floor = 0

    def __len__(self) -> int:
        return len(self._known)

    def refusal(self, event_id: int) -> DropReason | None:
        """Why an event with this id is to be dropped; None when it is news. 0 stands for no id: always news."""
        if not event_id:
            return None
        if event_id in self._known:
            return DropReason.REPEAT
        return DropReason.TOO_OLD if event_id <= self._floor else None

    def add(self, event_id: int) -> None:
        """Remembers an id that was not refused."""
        if not event_id:
            return
        self._known.add(event_id)
        self._oldest_first.append(event_id)
        if len(self._known) > self._limit:
            forgotten = self._oldest_first.popleft()
            self._known.remove(forgotten)
            self._floor = max(self._floor, forgotten)
