"""Writes that wait for the same partition go as one request."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from comment_service.store.cassandra.database import CassandraDatabase
from comment_service.store.cassandra.faults import CassandraFault
from comment_service.store.cassandra.statements import Bound

# writes in the request, seconds it took, whether Cassandra acknowledged it
OnBatch = Callable[[int, float, bool], None]
# None: the write is done. No future: that would be a fifth of what a comment costs here.
OnEnd = Callable[[BaseException | None], None]
# Cassandra warns of batches over 5 KiB and reads them slowly.
MAX_BATCH_BYTES = 4_500
# Besides one that is under way, a full batch need not wait; more than these at a time gain nothing.
MAX_UNDER_WAY = 4


@dataclass(slots=True)
class _Write:
    query: Bound
    size: int
    on_end: OnEnd
    taken_at: float


@dataclass(slots=True)
class _Partition:
    queue: deque[_Write] = field(default_factory=deque)
    under_way: int = 0
    due: bool = False


class PartitionBatches:
    """What comes in one turn of the event loop goes together, and what comes while that is under way; so batches grow
    with the load, and a lone write waits for nothing.

    A request that fails fails all its writes. Those that have waited for longer than a request may take then are not
    tried any more: a store that hangs is told to everyone within two timeouts.
    """

    def __init__(self, database: CassandraDatabase, on_batch: OnBatch) -> None:
        self._database = database
        self._on_batch = on_batch
        self._max_batch = database.options.max_batch
        self._partitions: dict[Hashable, _Partition] = {}

    def write(self, key: Hashable, query: Bound, size: int, on_end: OnEnd) -> None:
        """``key`` names the partition, ``size`` is about the bytes that the write takes. It must be idempotent."""
        write = _Write(query, size, on_end, time.monotonic())
        partition = self._partitions.get(key)
        if partition is None:
            partition = self._partitions[key] = _Partition()
        partition.queue.append(write)
        if not partition.due and self._may_send(partition):
            partition.due = True
            asyncio.get_running_loop().call_soon(self._send, key, partition)

    def _send(self, key: Hashable, partition: _Partition) -> None:
        partition.due = False
        while partition.queue and self._may_send(partition):
            batch = self._next_batch(partition.queue)
            partition.under_way += 1
            request = self._database.send([write.query for write in batch])
            request.add_done_callback(partial(self._ended, key, partition, batch, time.monotonic()))
        if not partition.under_way and self._partitions.get(key) is partition:
            del self._partitions[key]

    def _may_send(self, partition: _Partition) -> bool:
        full = len(partition.queue) >= self._max_batch
        return not partition.under_way or (full and partition.under_way < MAX_UNDER_WAY)

    def _next_batch(self, queue: deque[_Write]) -> list[_Write]:
        batch, size = [queue.popleft()], 0
        size += batch[0].size
        while queue and len(batch) < self._max_batch and size + queue[0].size <= MAX_BATCH_BYTES:
            batch.append(queue.popleft())
            size += batch[-1].size
        return batch

    def _ended(
        self, key: Hashable, partition: _Partition, batch: list[_Write], began: float, request: asyncio.Future[Any]
    ) -> None:
        partition.under_way -= 1
        error = request.exception()
        self._on_batch(len(batch), time.monotonic() - began, error is None)
        for write in batch:
            write.on_end(error)
        if error is not None:
            self._drop_late(partition.queue)
        self._send(key, partition)

    def _drop_late(self, queue: deque[_Write]) -> None:
        latest = time.monotonic() - self._database.options.timeout_s
        while queue and queue[0].taken_at < latest:
            error = self._database.gave_up(CassandraFault.QUEUED_TOO_LONG, "Cassandra is not answering")
            queue.popleft().on_end(error)
