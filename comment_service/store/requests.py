"""Requests that may come twice: what was made of the first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RequestClaim:
    """``digest``: of the request's content. ``comment_id``: of the comment that it makes."""

    digest: bytes
    comment_id: int


class RequestStore(Protocol):
    async def find(self, user_id: str, key: str) -> RequestClaim | None:
        """The claim that stands under that key."""

    async def claim(self, user_id: str, key: str, claim: RequestClaim) -> RequestClaim:
        """Notes the claim for 24 hours, durably, unless one stands under that key; returns the one that stands.

        Of two at once one stands.
        """
