"""What a role lets a user do."""

from __future__ import annotations

from comment_service.refusal import Forbidden
from service_kit.auth.identity import ADMIN, MODERATOR, Identity

MODERATORS = frozenset({MODERATOR, ADMIN})


def moderates(identity: Identity) -> bool:
    """May edit and delete others' comments, and end videos."""
    return not MODERATORS.isdisjoint(identity.roles)


def administers(identity: Identity) -> bool:
    """May read the audit trail, give roles, ban moderators, and is never banned."""
    return ADMIN in identity.roles


def require_moderator(identity: Identity) -> None:
    """Raises ``Forbidden``."""
    if not moderates(identity):
        raise Forbidden("this is for moderators")


def require_admin(identity: Identity) -> None:
    """Raises ``Forbidden``."""
    if not administers(identity):
        raise Forbidden("this is for admins")
