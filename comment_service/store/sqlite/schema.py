"""Brings a SQLite database to this version's schema."""

from __future__ import annotations

import sqlite3
from importlib import resources

from comment_service.store.errors import StoreError


def steps() -> list[tuple[int, str]]:
    """The numbered SQL files of this version, in order: ``[(1, "CREATE TABLE …"), …]``."""
    folder = resources.files("comment_service.store.schema") / "sqlite"
    files = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    return [(int(name.split("_")[0]), (folder / name).read_text(encoding="utf-8")) for name in files]


def migrate(connection: sqlite3.Connection) -> int:
    """Applies the steps that the database has not had, all in one transaction. Returns the schema's version.

    Raises ``StoreError`` where the database is of a later version than this program, and lets ``sqlite3.Error`` out.
    """
    known = steps()
    newest = known[-1][0]
    # The version is read under the write lock: two processes may start on one file at once.
    connection.execute("BEGIN IMMEDIATE")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > newest:
        connection.execute("ROLLBACK")
        raise StoreError(f"the database has schema version {version}, and this program knows up to {newest}")
    for number, sql in known:
        if number > version:
            for statement in _statements(sql):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
    connection.execute("COMMIT")
    return newest


def _statements(sql: str) -> list[str]:
    # executescript would commit the transaction that the step runs in.
    statements: list[str] = []
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            statements.append(statement)
            statement = ""
    return statements
