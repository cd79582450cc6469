"""From an ``Authorization`` header or metadata entry to an identity."""

from __future__ import annotations

from comment_service.identity import Identity
from comment_service.refusal import Unauthenticated
from comment_service.tokens import TokenVerifier


def authenticate(verifier: TokenVerifier, authorization: str | None) -> Identity:
    """Whom ``Bearer <JWT>`` speaks for. Raises ``Unauthenticated``."""
    if not authorization:
        raise Unauthenticated("posting needs Authorization: Bearer <JWT>", presented=False)
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("Authorization has to be Bearer <JWT>", presented=True)
    return verifier.verify(token.strip())
