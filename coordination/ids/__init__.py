"""Comment ids, and the worker numbers that keep them apart."""

from __future__ import annotations

from coordination.ids.comment_ids import (
    EPOCH_MS,
    WORKERS,
    CommentIds,
    bucket_of_id,
    clock_ms,
    first_id_at_ms,
    id_maker,
    id_time_ms,
)
from coordination.ids.worker_lease import WorkerIdLease

__all__ = [
    "EPOCH_MS",
    "WORKERS",
    "CommentIds",
    "WorkerIdLease",
    "bucket_of_id",
    "clock_ms",
    "first_id_at_ms",
    "id_maker",
    "id_time_ms",
]
