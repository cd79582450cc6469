"""SQLite's readers: a few threads, each with a read-only connection of its own."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from comment_service.store.errors import StoreOverloaded, StoreUnavailable

T = TypeVar("T")


class SqliteReaders:
    """Runs reads beside the writer. At most ``max_waiting`` are under way; ``waiting`` says how many."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], *, threads: int, max_waiting: int) -> None:
        self.waiting = 0
        self._connect = connect
        self._max_waiting = max_waiting
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="sqlite-reader")
        self._own = threading.local()
        self._connections: list[sqlite3.Connection] = []

    async def run(self, read: Callable[[sqlite3.Connection], T]) -> T:
        """What ``read`` returns. Raises ``StoreOverloaded`` and ``StoreUnavailable``."""
        if self.waiting >= self._max_waiting:
            raise StoreOverloaded(f"{self.waiting} reads are waiting for the store")
        self.waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, read)
        except sqlite3.Error as error:
            raise StoreUnavailable(f"the database cannot be read: {error}") from error
        except RuntimeError as error:
            raise StoreUnavailable("the store is closed") from error
        finally:
            self.waiting -= 1

    async def aclose(self) -> None:
        """Ends the threads after what they are reading."""
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
        connections, self._connections = self._connections, []
        for connection in connections:
            connection.close()

    def _read(self, read: Callable[[sqlite3.Connection], T]) -> T:
        connection: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = self._connect()
            self._connections.append(connection)
        return read(connection)
