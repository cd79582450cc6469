"""SQLite's one writer: a thread that commits whatever waits as one transaction, with one fsync."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from comment_service.store.errors import StoreConflict, StoreError, StoreOverloaded, StoreUnavailable

T = TypeVar("T")
Connect = Callable[[], sqlite3.Connection]
# items in the batch, seconds it took, whether it was committed; called on the loop
OnBatch = Callable[[int, float, bool], None]
# SQLite's own waiting looks ever more rarely: between the batches of a process that never rests it finds no gap.
_AGAIN_S = 0.001


@dataclass(slots=True)
class _Write:
    run: Callable[[sqlite3.Connection], Any]
    future: asyncio.Future[Any]
    outcome: Any = None
    error: Exception | None = None


class SqliteWriter:
    """Runs writes in the order they were submitted, batches of at most ``max_batch`` at a time.

    While one batch is being committed the next gathers, so batches grow with the load and no timer delays a lone
    write. At most ``max_waiting`` writes are under way. A write that violates a constraint fails alone; an error of
    the file or the disk fails its whole batch, and the next batch tries again. For another process's lock a batch
    waits ``busy_timeout_s``; ``connect``'s connections need not.
    """

    def __init__(
        self, connect: Connect, *, max_batch: int, max_waiting: int, busy_timeout_s: float, on_batch: OnBatch
    ) -> None:
        self.waiting = 0
        self._connect = connect
        self._busy_timeout_s = busy_timeout_s
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._on_batch = on_batch
        self._queue: deque[_Write] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._connection: sqlite3.Connection | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Future[None] | None = None

    async def start(self) -> None:
        """Starts the thread, which opens its connection at its first batch."""
        if self._ended is not None:
            return
        self._loop = asyncio.get_running_loop()
        self._ended = self._loop.create_future()
        # A daemon: a commit that hangs on a dead disk must not keep the process from ending.
        threading.Thread(target=self._work, name="sqlite-writer", daemon=True).start()

    async def aclose(self) -> None:
        """Commits what waits, then ends the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._ended is not None:
            await asyncio.shield(self._ended)

    def submit(self, write: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
        """Queues ``write``; the future is done once its transaction is on the disk.

        Raises ``StoreOverloaded`` where ``max_waiting`` writes are under way.
        """
        if self._loop is None or self._closing:
            raise StoreUnavailable("the store is closed")
        if self.waiting >= self._max_waiting:
            raise StoreOverloaded(f"{self.waiting} writes are waiting for the store")
        future: asyncio.Future[T] = self._loop.create_future()
        self.waiting += 1
        with self._changed:
            self._queue.append(_Write(write, future))
            self._changed.notify()
        return future

    def _work(self) -> None:
        while batch := self._next_batch():
            began = time.perf_counter()
            committed = self._commit(batch)
            self._tell(self._settle, batch, time.perf_counter() - began, committed)
        self._disconnect()
        self._tell(self._end)

    def _next_batch(self) -> list[_Write]:
        with self._changed:
            while not self._queue and not self._closing:
                self._changed.wait()
            return [self._queue.popleft() for _ in range(min(len(self._queue), self._max_batch))]

    def _commit(self, batch: list[_Write]) -> bool:
        ending = False
        try:
            if self._connection is None:
                self._connection = self._connect()
            self._begin(self._connection)
            for write in batch:
                _run_alone(self._connection, write)
            ending = True
            self._connection.execute("COMMIT")
        except (sqlite3.Error, StoreError) as error:
            # After an I/O error a connection's own view of the file is not to be trusted.
            self._disconnect()
            in_doubt = ending and _is_of_the_disk(error)
            for write in batch:
                write.error = StoreUnavailable(f"the database cannot be written: {error}", in_doubt=in_doubt)
            return False
        return True

    def _begin(self, connection: sqlite3.Connection) -> None:
        deadline = time.monotonic() + self._busy_timeout_s
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(_AGAIN_S)
            else:
                return

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except sqlite3.Error:
                pass

    def _tell(self, callback: Callable[..., None], *args: Any) -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(callback, *args)
        except RuntimeError:
            pass  # the loop is closed: nobody waits any more

    def _settle(self, batch: list[_Write], took_s: float, committed: bool) -> None:
        self.waiting -= len(batch)
        self._on_batch(len(batch), took_s, committed)
        for write in batch:
            if write.future.done():
                continue
            if write.error is not None:
                write.future.set_exception(write.error)
            else:
                write.future.set_result(write.outcome)

    def _end(self) -> None:
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)


def _is_of_the_disk(error: Exception) -> bool:
    """An I/O error, as of an fsync: what it was of may be in the file, and found there when it is next opened."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_IOERR


def _run_alone(connection: sqlite3.Connection, write: _Write) -> None:
    """One write of a batch, undone alone where a constraint or its own code fails it."""
    connection.execute("SAVEPOINT one")
    try:
        write.outcome = write.run(connection)
    except (sqlite3.IntegrityError, StoreConflict, ValueError, OverflowError) as error:
        connection.execute("ROLLBACK TO one")
        write.error = StoreConflict(str(error)) if isinstance(error, sqlite3.IntegrityError) else error
    connection.execute("RELEASE one")
