"""64-bit comment ids that sort as time: 41 bits of milliseconds since 2024 | 4 data centre | 7 worker | 11 sequence."""

from __future__ import annotations

import time
from collections.abc import Callable

EPOCH_MS = 1_704_067_200_000  # 2024-01-01T00:00:00Z; 41 bits last until 2093
DATA_CENTRES = 16
WORKERS = 128
SEQUENCES = 2048
_DC_SHIFT = 18
_WORKER_SHIFT = 11
_TIME_SHIFT = 22
_BUCKET_SHIFT = 18  # 2^18 ms, about 4.4 minutes: the store's partitions


def id_time_ms(comment_id: int) -> int:
    """When an id was made, in milliseconds since 1970, by its maker's clock."""
    return (comment_id >> _TIME_SHIFT) + EPOCH_MS


def id_maker(comment_id: int) -> int:
    """Which process made an id: data centre and worker, as one number."""
    return (comment_id & (1 << _TIME_SHIFT) - 1) >> _WORKER_SHIFT


def first_id_at_ms(ms: int) -> int:
    """The smallest id that any process could make at ``ms`` (milliseconds since 1970): a cursor for a time."""
    return max(0, ms - EPOCH_MS) << _TIME_SHIFT


def bucket_of_id(comment_id: int) -> int:
    """The id's stretch of time (2^18 ms, about 4.4 minutes): what the store partitions a video by."""
    return comment_id >> (_TIME_SHIFT + _BUCKET_SHIFT)


def clock_ms() -> int:
    """Milliseconds since 1970, by this machine's clock."""
    return time.time_ns() // 1_000_000


class CommentIds:
    """Makes the ids of one process: each larger than the one before, whatever the clock does.

    When the clock stands, steps back, or 2,048 ids were made within a millisecond, ids go on from the last one:
    first through the sequence, then into the milliseconds to come. ``ahead_ms`` tells how far that has gone.

    Args:
        dc_number: 0 … 15.
        worker: 0 … 127, held by no other process of the data centre (``WorkerIdLease``).
        now_ms: the clock, milliseconds since 1970.
    """

    def __init__(self, dc_number: int, worker: int, now_ms: Callable[[], int] = clock_ms) -> None:
        if not 0 <= dc_number < DATA_CENTRES:
            raise ValueError(f"dc_number is 0 … {DATA_CENTRES - 1}, not {dc_number}")
        self._dc_number = dc_number
        self._now_ms = now_ms
        self._last_ms = 0
        self._sequence = 0
        self._node = 0
        self.use_worker(worker)

    @property
    def ahead_ms(self) -> int:
        """Milliseconds by which the last id is ahead of the clock; 0 in normal times."""
        return max(0, self._last_ms - self._now_ms()) if self._last_ms else 0

    def use_worker(self, worker: int) -> None:
        """Goes on with another worker number, when the lease has had to change it."""
        if not 0 <= worker < WORKERS:
            raise ValueError(f"worker is 0 … {WORKERS - 1}, not {worker}")
        self._node = self._dc_number << _DC_SHIFT | worker << _WORKER_SHIFT

    def next(self) -> int:
        """The next id."""
        now = self._now_ms()
        if now > self._last_ms:
            self._last_ms, self._sequence = now, 0
        elif self._sequence < SEQUENCES - 1:
            self._sequence += 1
        else:
            self._last_ms, self._sequence = self._last_ms + 1, 0
        return (self._last_ms - EPOCH_MS) << _TIME_SHIFT | self._node | self._sequence
