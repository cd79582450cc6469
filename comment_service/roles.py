"""What a role lets a user do."""

from __future__ import annotations

from service_kit.auth.identity import ADMIN, MODERATOR, Identity

MODERATORS = frozenset({MODERATOR, ADMIN})


def moderates(identity: Identity) -> bool:
    """May edit and delete others' comments, and end videos."""
    return not MODERATORS.isdisjoint(identity.roles)
