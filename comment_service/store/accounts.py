"""Accounts by username and by user id."""

from __future__ import annotations

from typing import Protocol

from comment_service.account import Account


class AccountStore(Protocol):
    async def add(self, account: Account) -> None:
        """Raises ``StoreConflict`` where the username is taken; of two at once one gets it."""

    async def by_username(self, username: str) -> Account | None: ...

    async def by_user_id(self, user_id: str) -> Account | None: ...

    async def set_password_hash(self, user_id: str, password_hash: str, *, replaces: str) -> bool:
        """False where there is no such account, or its hash is another than ``replaces`` by now."""

    async def set_roles(self, user_id: str, roles: frozenset[str]) -> bool:
        """False where there is no such account."""
