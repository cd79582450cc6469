"""A bounded queue whose items leave it when they are acknowledged."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from dispatcher.item import Item

MAX_BATCH_ITEMS = 1_000
# Well under the 4 MiB that a receiver takes in one message.
MAX_BATCH_BYTES = 2 * 1024 * 1024


@dataclass(slots=True)
class Batch:
    """What was taken from a queue at once."""

    sequence: int
    items: list[Item]
    size_bytes: int
    # How many of the items had been taken before, for a stream that broke.
    resent: int
    sent_at: float


class AckedQueue:
    """Items in order: waiting, then in flight, then acknowledged and gone. Pure.

    Over ``max_items`` or ``max_bytes`` the oldest of the waiting are dropped. What is in flight counts but stays: it
    is bounded by the stream's window.
    """

    def __init__(self, max_items: int, max_bytes: int) -> None:
        self._max_items = max_items
        self._max_bytes = max_bytes
        self._waiting: deque[Item] = deque()
        self._in_flight: deque[Batch] = deque()
        # Of the first waiting, how many had been in flight.
        self._again = 0
        self.size = 0
        self.size_bytes = 0

    def __len__(self) -> int:
        return self.size

    @property
    def oldest_at(self) -> float | None:
        """When the oldest item came; None where the queue is empty."""
        if self._in_flight:
            return self._in_flight[0].items[0].came_at
        return self._waiting[0].came_at if self._waiting else None

    def put(self, items: Sequence[Item]) -> int:
        """Appends ``items``; returns how many, the oldest, were dropped for them."""
        self._waiting.extend(items)
        self.size += len(items)
        self.size_bytes += sum([item.size_bytes for item in items])
        dropped = 0
        while self._waiting and (self.size > self._max_items or self.size_bytes > self._max_bytes):
            self.size_bytes -= self._waiting.popleft().size_bytes
            self.size -= 1
            dropped += 1
        self._again = max(0, self._again - dropped)
        return dropped

    def take(self, sequence: int, now: float) -> Batch | None:
        """What waits, as batch ``sequence``; None where nothing does."""
        waiting = self._waiting
        if not waiting:
            return None
        items: list[Item] = []
        size_bytes = 0
        while waiting and len(items) < MAX_BATCH_ITEMS and size_bytes < MAX_BATCH_BYTES:
            item = waiting.popleft()
            size_bytes += item.size_bytes
            items.append(item)
        resent = min(self._again, len(items))
        self._again -= resent
        batch = Batch(sequence, items, size_bytes, resent, now)
        self._in_flight.append(batch)
        return batch

    def acknowledge(self, sequence: int) -> list[Batch]:
        """Lets go of all batches up to ``sequence`` and returns them."""
        taken: list[Batch] = []
        while self._in_flight and self._in_flight[0].sequence <= sequence:
            taken.append(self._leave())
        return taken

    def reject_first(self) -> int:
        """Lets go of the first batch in flight, which the receiver refused; returns how many items that were."""
        return len(self._leave().items) if self._in_flight else 0

    def requeue(self) -> None:
        """The stream broke: what was in flight waits again, before everything else and in order."""
        while self._in_flight:
            items = self._in_flight.pop().items
            self._waiting.extendleft(reversed(items))
            self._again += len(items)

    def _leave(self) -> Batch:
        batch = self._in_flight.popleft()
        self.size -= len(batch.items)
        self.size_bytes -= batch.size_bytes
        return batch
