"""What a dispatcher carries."""

from __future__ import annotations

from dataclasses import dataclass

from livecomments.v1 import event_pb2

# What an event takes in memory beside its data: the message's arena and its places in queues. Measured.
OVERHEAD_BYTES = 1_000


@dataclass(slots=True)
class Item:
    """An event or a head on its way, shared by all the queues that it stands in."""

    video: str
    message: event_pb2.Event | event_pb2.Head
    # What it takes in memory.
    size_bytes: int
    # When it came to this dispatcher; seconds of the dispatcher's monotonic clock.
    came_at: float
