"""An account of this platform's own; users of an outside issuer have none."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Account:
    """``username`` in the form that is compared (see accounts.py); ``name`` as it is shown.

    ``password_hash``: argon2id's own encoded form. ``created_at_ms``: milliseconds since 1970.
    """

    user_id: str
    username: str
    name: str
    password_hash: str
    roles: frozenset[str]
    created_at_ms: int
