"""What a batch must be; pure."""

from __future__ import annotations

from livecomments.v1 import dispatcher_pb2, event_pb2
from service_kit.video_id import is_video_id

MAX_BATCH_ITEMS = 1_000
MAX_DATA_BYTES = 64 * 1024
MAX_ORIGIN_LENGTH = 200

_KINDS = frozenset(event_pb2.Event.Kind.values()) - {event_pb2.Event.KIND_UNSPECIFIED}


class Malformed(Exception):
    """A field that no sender should send. The message names it and says what is wrong."""


class OverLimit(Exception):
    """More than a receiver takes at once. The message names the field and the limit."""


def check_batch(batch: dispatcher_pb2.PublishBatch | dispatcher_pb2.RelayBatch, previous_sequence: int) -> None:
    """Raises ``Malformed`` or ``OverLimit`` where ``batch`` cannot be taken after batch ``previous_sequence``."""
    if batch.sequence != previous_sequence + 1:
        raise Malformed(f"sequence: {batch.sequence} after {previous_sequence}; batches count 1, 2, 3 …")
    if len(batch.events) > MAX_BATCH_ITEMS:
        raise OverLimit(f"events: {len(batch.events)} in a batch, at most {MAX_BATCH_ITEMS}")
    if len(batch.heads) > MAX_BATCH_ITEMS:
        raise OverLimit(f"heads: {len(batch.heads)} in a batch, at most {MAX_BATCH_ITEMS}")
    for index, event in enumerate(batch.events):
        data = event.data
        if len(data) > MAX_DATA_BYTES:
            raise OverLimit(f"events[{index}].data: {len(data)} bytes, at most {MAX_DATA_BYTES}")
        fault = _fault_of_event(event, data)
        if fault:
            raise Malformed(f"events[{index}].{fault}")
    for index, head in enumerate(batch.heads):
        fault = _fault_of_head(head)
        if fault:
            raise Malformed(f"heads[{index}].{fault}")


def _fault_of_event(event: event_pb2.Event, data: bytes) -> str | None:
    if not is_video_id(event.live_video_id):
        return f"live_video_id: {event.live_video_id[:80]!r} is not 1 to 64 of A-Z a-z 0-9 _ -"
    if not event.event_id:
        return "event_id: missing"
    if event.kind not in _KINDS:
        return f"kind: {event.kind} is not known"
    if not 0 < len(event.origin) <= MAX_ORIGIN_LENGTH:
        return f"origin: {len(event.origin)} characters, 1 to {MAX_ORIGIN_LENGTH} wanted"
    if b"\n" in data or b"\r" in data:
        # It would end the SSE `data:` field and begin another, of the sender's choice.
        return "data: has a line end"
    return None


def _fault_of_head(head: event_pb2.Head) -> str | None:
    if not is_video_id(head.live_video_id):
        return f"live_video_id: {head.live_video_id[:80]!r} is not 1 to 64 of A-Z a-z 0-9 _ -"
    if not 0 < len(head.origin) <= MAX_ORIGIN_LENGTH:
        return f"origin: {len(head.origin)} characters, 1 to {MAX_ORIGIN_LENGTH} wanted"
    if not head.last_id:
        return "last_id: missing"
    return None
