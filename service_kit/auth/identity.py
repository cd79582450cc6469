"""Who is asking."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """A user as a verified token describes it.

    ``roles``: viewer, moderator, admin, or an issuer's own. ``videos``: the ids of videos that this user may end.
    """

    user_id: str
    name: str
    roles: frozenset[str] = frozenset()
    videos: frozenset[str] = frozenset()
