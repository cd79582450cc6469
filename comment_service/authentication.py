"""From a request's token to an identity, or a refusal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from comment_service.refusal import Unauthenticated
from service_kit.auth.bearer import bearer_token, reader_token
from service_kit.auth.identity import Identity
from service_kit.auth.tokens import TokenError, TokenVerifier


def authenticate(verifier: TokenVerifier, authorization: str | None) -> Identity:
    """Whom ``Bearer <JWT>`` speaks for. Raises ``Unauthenticated``."""
    try:
        return verifier.verify(bearer_token(authorization))
    except TokenError as error:
        raise Unauthenticated(str(error), presented=error.presented) from None


def authenticate_reader(verifier: TokenVerifier, authorization: Sequence[str], cookies: Iterable[str] = ()) -> Identity:
    """Whom a reader's ``Authorization`` or ``Cookie`` headers speak for. Raises ``Unauthenticated``."""
    try:
        return verifier.verify(reader_token(authorization, cookies))
    except TokenError as error:
        raise Unauthenticated(str(error), presented=error.presented) from None
