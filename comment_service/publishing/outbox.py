"""What waits for a dispatcher's acknowledgement, in order for each video, whatever dispatchers come and go."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from livecomments.v1 import event_pb2
from service_kit import rendezvous

MAX_BATCH_ITEMS = 1_000
# Well under the 4 MiB that a receiver takes in one message.
MAX_BATCH_BYTES = 1024 * 1024

Message = event_pb2.Event | event_pb2.Head


@dataclass(slots=True)
class Item:
    """An event or head to be published."""

    video: str
    message: Message
    size_bytes: int
    # Seconds of the outbox's clock.
    queued_at: float


@dataclass(slots=True)
class Batch:
    """What went to a dispatcher in one message."""

    sequence: int
    items: list[Item]


@dataclass(slots=True, eq=False)
class Lane:
    """What goes to one dispatcher, while a stream to it stands."""

    name: str
    wake: Callable[[], None]
    # False: the dispatcher is leaving, and gets only videos that still have something on the way there.
    accepts: bool = True
    waiting: deque[Item] = field(default_factory=deque)
    in_flight: deque[Batch] = field(default_factory=deque)
    # Acknowledged a moment ago, oldest first: (time, items).
    settled: deque[tuple[float, list[Item]]] = field(default_factory=deque)
    settled_items: int = 0

    @property
    def empty(self) -> bool:
        """Nothing waits or is on the way."""
        return not self.waiting and not self.in_flight


@dataclass(slots=True)
class _Pin:
    """A video with items unacknowledged goes on where those are, or newer ones would overtake them."""

    lane: Lane
    items: int


class PublishOutbox:
    """Bounded queues, one lane for each dispatcher with a stream; pure.

    A video keeps to one lane by rendezvous hash. Without any lane everything waits, in order, for the first one.
    When a lane closes, what it had not acknowledged moves on in order. Where the dispatcher may have died, so does what
    it acknowledged within ``resend_window_s`` before: an acknowledgement says that it stands in the dispatcher's own
    outboxes, and those died too. Receivers drop repeats by id.

    Over ``max_items`` or ``max_bytes`` in all, the items that wait longest are dropped.
    """

    def __init__(
        self, max_items: int, max_bytes: int, *, clock: Callable[[], float], resend_window_s: float = 3.0
    ) -> None:
        self._max_items = max_items
        self._max_bytes = max_bytes
        self._clock = clock
        self._resend_window_s = resend_window_s
        self._lanes: list[Lane] = []
        self._parked = Lane("", wake=lambda: None)
        self._pins: dict[str, _Pin] = {}
        self.items = 0
        self.size_bytes = 0
        self.resent = 0

    @property
    def oldest_age_s(self) -> float:
        """How long the item that waits longest has waited; 0 where none does."""
        oldest = min((at for lane in self._all() for at in _oldest_times(lane)), default=None)
        return 0.0 if oldest is None else self._clock() - oldest

    @property
    def parked(self) -> int:
        """How many items have no dispatcher to go to."""
        return len(self._parked.waiting)

    def add(self, video: str, message: Message, size_bytes: int) -> int:
        """Queues a message and returns how many others, the oldest, were dropped for it."""
        lane = self._put(Item(video, message, size_bytes, self._clock()))
        lane.wake()
        dropped = 0
        while self.items > self._max_items or self.size_bytes > self._max_bytes:
            self._drop_oldest()
            dropped += 1
        return dropped

    def open_lane(self, name: str, wake: Callable[[], None]) -> Lane:
        """A stream to dispatcher ``name`` stands; ``wake`` is called whenever there is something to ``take``."""
        lane = Lane(name, wake)
        self._lanes.append(lane)
        self._move_parked()
        return lane

    def retire_lane(self, lane: Lane) -> None:
        """The dispatcher is leaving: what is on its way there stays, videos without any go elsewhere."""
        lane.accepts = False

    def close_lane(self, lane: Lane, *, died: bool) -> None:
        """The stream is no more: everything on the way there goes another way. ``died``: the dispatcher may be, too."""
        self._lanes.remove(lane)
        since = self._clock() - self._resend_window_s
        settled = [item for at, items in lane.settled if died and at >= since for item in items]
        sent = [item for batch in lane.in_flight for item in batch.items]
        self.resent += len(settled) + len(sent)
        unsettled = [*sent, *lane.waiting]
        self._uncount(unsettled)
        for other in {id(lane): lane for lane in map(self._put, [*settled, *unsettled])}.values():
            other.wake()

    def take(self, lane: Lane, sequence: int) -> Batch | None:
        """What waits in ``lane``, as batch ``sequence``; None where nothing does."""
        waiting = lane.waiting
        if not waiting:
            return None
        items: list[Item] = []
        size = 0
        while waiting and len(items) < MAX_BATCH_ITEMS and (not items or size < MAX_BATCH_BYTES):
            item = waiting.popleft()
            size += item.size_bytes
            items.append(item)
        batch = Batch(sequence, items)
        lane.in_flight.append(batch)
        return batch

    def acknowledge(self, lane: Lane, sequence: int) -> list[Batch]:
        """The dispatcher has taken all batches up to ``sequence``; returns those that it took just now."""
        now = self._clock()
        taken: list[Batch] = []
        while lane.in_flight and lane.in_flight[0].sequence <= sequence:
            batch = lane.in_flight.popleft()
            taken.append(batch)
            self._uncount(batch.items)
            lane.settled.append((now, batch.items))
            lane.settled_items += len(batch.items)
            while lane.settled_items > self._max_items:
                lane.settled_items -= len(lane.settled.popleft()[1])
        return taken

    def forget_settled(self) -> None:
        """Lets go of what was acknowledged too long ago to be sent again. To be called now and then."""
        since = self._clock() - self._resend_window_s
        for lane in self._lanes:
            while lane.settled and lane.settled[0][0] < since:
                lane.settled_items -= len(lane.settled.popleft()[1])

    def reject_first(self, lane: Lane) -> int:
        """Gives up the first batch in flight, which the dispatcher refused; returns how many items that were."""
        if not lane.in_flight:
            return 0
        items = lane.in_flight.popleft().items
        self._uncount(items)
        return len(items)

    def _put(self, item: Item) -> Lane:
        pin = self._pins.get(item.video)
        if pin is None:
            pin = self._pins[item.video] = _Pin(self._lane_for(item.video), 0)
        pin.items += 1
        pin.lane.waiting.append(item)
        self.items += 1
        self.size_bytes += item.size_bytes
        return pin.lane

    def _uncount(self, items: Iterable[Item]) -> None:
        pins = self._pins
        for item in items:
            pin = pins[item.video]
            pin.items -= 1
            if not pin.items:
                del pins[item.video]
            self.items -= 1
            self.size_bytes -= item.size_bytes

    def _lane_for(self, video: str) -> Lane:
        accepting = [lane for lane in self._lanes if lane.accepts] or self._lanes
        if not accepting:
            return self._parked
        return max(accepting, key=lambda lane: rendezvous.weight(lane.name, video))

    def _move_parked(self) -> None:
        parked = list(self._parked.waiting)
        self._parked.waiting.clear()
        self._uncount(parked)
        for item in parked:
            self._put(item)

    def _drop_oldest(self) -> None:
        lane = min((lane for lane in self._all() if lane.waiting), key=lambda lane: lane.waiting[0].queued_at)
        self._uncount([lane.waiting.popleft()])

    def _all(self) -> list[Lane]:
        return [self._parked, *self._lanes]


def _oldest_times(lane: Lane) -> Iterable[float]:
    if lane.in_flight:
        yield lane.in_flight[0].items[0].queued_at
    if lane.waiting:
        yield lane.waiting[0].queued_at
