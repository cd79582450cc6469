"""Accounts of this platform's own: registering, logging in, passwords, roles. Users of an outside issuer have none."""

from __future__ import annotations

from comment_service.accounts.accounts import Accounts, SignedIn
from comment_service.accounts.attempts import AttemptLimits, Attempts
from comment_service.accounts.passwords import PasswordCost, Passwords

__all__ = ["Accounts", "AttemptLimits", "Attempts", "PasswordCost", "Passwords", "SignedIn"]
