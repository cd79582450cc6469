"""Who is asking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

VIEWER: Final = "viewer"
MODERATOR: Final = "moderator"
ADMIN: Final = "admin"
SERVICE: Final = "service"
"""An internal service: no person, and not a role that an account can have."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A user as a verified token describes it.

    ``roles``: viewer, moderator, admin, service, or an issuer's own.
    ``videos``: the ids of videos that this user may end.
    """

    user_id: str
    name: str
    roles: frozenset[str] = frozenset()
    videos: frozenset[str] = frozenset()
