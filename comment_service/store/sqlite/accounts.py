"""``AccountStore`` on SQLite."""

from __future__ import annotations

import json

from comment_service.account import Account
from comment_service.store.sqlite.database import SqliteDatabase

_ADD = """
INSERT INTO accounts (user_id, username, name, password_hash, roles, created_at_ms) VALUES (?, ?, ?, ?, ?, ?)
"""
_SELECT = "SELECT user_id, username, name, password_hash, roles, created_at_ms FROM accounts WHERE "
_SET_HASH = "UPDATE accounts SET password_hash = ? WHERE user_id = ? AND password_hash = ?"
_SET_ROLES = "UPDATE accounts SET roles = ? WHERE user_id = ?"


class SqliteAccounts:
    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def add(self, account: Account) -> None:
        row = (
            account.user_id,
            account.username,
            account.name,
            account.password_hash,
            _roles_text(account.roles),
            account.created_at_ms,
        )
        await self._database.execute(_ADD, row)

    async def by_username(self, username: str) -> Account | None:
        return await self._find("username = ?", username)

    async def by_user_id(self, user_id: str) -> Account | None:
        return await self._find("user_id = ?", user_id)

    async def set_password_hash(self, user_id: str, password_hash: str, *, replaces: str) -> bool:
        return await self._database.execute(_SET_HASH, (password_hash, user_id, replaces)) > 0

    async def set_roles(self, user_id: str, roles: frozenset[str]) -> bool:
        return await self._database.execute(_SET_ROLES, (_roles_text(roles), user_id)) > 0

    async def _find(self, condition: str, value: str) -> Account | None:
        rows = await self._database.rows(_SELECT + condition, (value,))
        if not rows:
            return None
        user_id, username, name, password_hash, roles, created_at_ms = rows[0]
        return Account(user_id, username, name, password_hash, frozenset(json.loads(roles)), created_at_ms)


def _roles_text(roles: frozenset[str]) -> str:
    return json.dumps(sorted(roles))
