"""``AccountStore`` on Cassandra."""

from __future__ import annotations

from typing import Any

from comment_service.account import Account
from comment_service.store.cassandra.database import CassandraDatabase
from comment_service.store.cassandra.statements import SERIAL_EVERYWHERE, Statement
from comment_service.store.errors import StoreConflict

_NAME = "INSERT INTO usernames (user_id, username) VALUES (?, ?)"
_ADD = """
INSERT INTO accounts (username, user_id, name, password_hash, roles, created_at_ms) VALUES (?, ?, ?, ?, ?, ?)
IF NOT EXISTS
"""
_FIND = "SELECT user_id, username, name, password_hash, roles, created_at_ms FROM accounts WHERE username = ?"
_USERNAME = "SELECT username FROM usernames WHERE user_id = ?"
_SET_HASH = "UPDATE accounts SET password_hash = ? WHERE username = ? IF user_id = ? AND password_hash = ?"
_SET_ROLES = "UPDATE accounts SET roles = ? WHERE username = ? IF user_id = ?"


class CassandraAccounts:
    """A username is unique in all data centres, so adding an account needs most of all their replicas."""

    def __init__(self, database: CassandraDatabase) -> None:
        self._database = database
        self._name = database.writing(_NAME)
        self._add = database.transaction(_ADD, serial=SERIAL_EVERYWHERE)
        self._find = database.reading(_FIND)
        self._username = database.reading(_USERNAME)
        self._set_hash = database.transaction(_SET_HASH, serial=SERIAL_EVERYWHERE)
        self._set_roles = database.transaction(_SET_ROLES, serial=SERIAL_EVERYWHERE)

    async def add(self, account: Account) -> None:
        # First: a name that leads to nobody's account is harmless, an account that no id leads to is not.
        await self._database.write(self._name(account.user_id, account.username))
        there = await self._database.transact(
            self._add(
                account.username,
                account.user_id,
                account.name,
                account.password_hash,
                account.roles,
                account.created_at_ms,
            )
        )
        # Its own: an attempt before this one was cut off and had succeeded.
        if there is not None and there["user_id"] != account.user_id:
            raise StoreConflict(f"the username {account.username} is taken")

    async def by_username(self, username: str) -> Account | None:
        rows = await self._database.rows(self._find(username))
        if not rows:
            return None
        user_id, name, shown, password_hash, roles, created_at_ms = rows[0]
        return Account(user_id, name, shown, password_hash, frozenset(roles or ()), created_at_ms)

    async def by_user_id(self, user_id: str) -> Account | None:
        rows = await self._database.rows(self._username(user_id))
        found = await self.by_username(rows[0][0]) if rows else None
        return found if found is not None and found.user_id == user_id else None

    async def set_password_hash(self, user_id: str, password_hash: str, *, replaces: str) -> bool:
        return await self._set(self._set_hash, user_id, password_hash, replaces)

    async def set_roles(self, user_id: str, roles: frozenset[str]) -> bool:
        return await self._set(self._set_roles, user_id, roles)

    async def _set(self, statement: Statement, user_id: str, value: Any, *expected: str) -> bool:
        rows = await self._database.rows(self._username(user_id))
        if not rows:
            return False
        return await self._database.transact(statement(value, rows[0][0], user_id, *expected)) is None
