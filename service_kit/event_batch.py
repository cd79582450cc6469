"""What a batch of events and heads must be, wherever one is received; pure.

The same for all: what a dispatcher has taken from a publisher and a receiver refused, it would send for ever.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from service_kit.video_id import is_video_id

MAX_BATCH_ITEMS = 1_000
MAX_DATA_BYTES = 64 * 1024
MAX_ORIGIN_LENGTH = 200


class Addressed(Protocol):
    """What names a video and the process that it comes from."""

    @property
    def live_video_id(self) -> str: ...
    @property
    def origin(self) -> str: ...


class Event(Addressed, Protocol):
    """``livecomments.v1.Event``."""

    @property
    def event_id(self) -> int: ...
    @property
    def kind(self) -> int: ...
    @property
    def data(self) -> bytes: ...


class Head(Addressed, Protocol):
    """``livecomments.v1.Head``."""

    @property
    def last_id(self) -> int: ...


class EventBatch(Protocol):
    """``PublishBatch``, ``RelayBatch``, ``DeliverBatch``."""

    @property
    def sequence(self) -> int: ...
    @property
    def events(self) -> Sequence[Event]: ...
    @property
    def heads(self) -> Sequence[Head]: ...


class Malformed(Exception):
    """A field that no sender should send. The message names it and says what is wrong."""


class OverLimit(Exception):
    """More than a receiver takes at once. The message names the field and the limit."""


def check_batch(batch: EventBatch, previous_sequence: int, *, kinds: Collection[int]) -> None:
    """Raises ``Malformed`` or ``OverLimit`` where ``batch`` cannot be taken after batch ``previous_sequence``.

    ``kinds``: those of events that are known.
    """
    if batch.sequence != previous_sequence + 1:
        raise Malformed(f"sequence: {batch.sequence} after {previous_sequence}; batches count 1, 2, 3 …")
    check_count("events", batch.events)
    check_count("heads", batch.heads)
    for index, event in enumerate(batch.events):
        data = event.data
        if len(data) > MAX_DATA_BYTES:
            raise OverLimit(f"events[{index}].data: {len(data)} bytes, at most {MAX_DATA_BYTES}")
        fault = _fault_of_event(event, data, kinds)
        if fault:
            raise Malformed(f"events[{index}].{fault}")
    for index, head in enumerate(batch.heads):
        fault = _fault_of_address(head) or (None if head.last_id else "last_id: missing")
        if fault:
            raise Malformed(f"heads[{index}].{fault}")


def check_count(name: str, items: Sequence[object]) -> None:
    """Raises ``OverLimit`` for more than a batch may have."""
    if len(items) > MAX_BATCH_ITEMS:
        raise OverLimit(f"{name}: {len(items)} in a batch, at most {MAX_BATCH_ITEMS}")


def fault_of_video(video: str) -> str | None:
    """What is wrong with a ``live_video_id``; None where nothing is."""
    return None if is_video_id(video) else f"live_video_id: {video[:80]!r} is not 1 to 64 of A-Z a-z 0-9 _ -"


def _fault_of_event(event: Event, data: bytes, kinds: Collection[int]) -> str | None:
    if not event.event_id:
        return "event_id: missing"
    if event.kind not in kinds:
        return f"kind: {event.kind} is not known"
    if b"\n" in data or b"\r" in data:
        # It would end the SSE `data:` field and begin another, of the sender's choice.
        return "data: has a line end"
    return _fault_of_address(event)


def _fault_of_address(item: Addressed) -> str | None:
    if not 0 < len(item.origin) <= MAX_ORIGIN_LENGTH:
        return f"origin: {len(item.origin)} characters, 1 to {MAX_ORIGIN_LENGTH} wanted"
    return fault_of_video(item.live_video_id)
