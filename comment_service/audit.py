"""The trail of what moderators did: how a use case tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from service_kit.auth.identity import Identity


class Audit(Protocol):
    """Called before the action, so that nothing is done that the trail does not have."""

    async def __call__(self, moderator: Identity, action: str, subject: str, detail: Mapping[str, str]) -> None:
        """``subject``: to whom or what, e.g. ``match-42/7301458392012345344``. A ``Refusal`` stops the action."""


async def no_audit(moderator: Identity, action: str, subject: str, detail: Mapping[str, str]) -> None:
    """Nobody keeps a trail."""
