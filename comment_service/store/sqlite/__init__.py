"""The embedded store: SQLite in WAL mode, every acknowledged write fsynced."""

from __future__ import annotations

from comment_service.store.sqlite.database import SqliteLimits
from comment_service.store.sqlite.store import SqliteStore

__all__ = ["SqliteLimits", "SqliteStore"]
