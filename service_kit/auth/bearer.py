"""Where a request carries its token. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from service_kit.auth.tokens import TokenError

COOKIE = "livecomments_token"
"""The cookie that signing in sets. It is good for reading and streaming alone, never for what changes something."""

REALM = "livecomments"


def bearer_token(authorization: str | None) -> str:
    """The token of ``Authorization: Bearer <JWT>``. Raises ``TokenError`` where there is none."""
    if not authorization:
        raise TokenError("this needs Authorization: Bearer <JWT>", presented=False)
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenError("Authorization has to be Bearer <JWT>")
    return token.strip()


def reader_token(authorization: Sequence[str], cookies: Iterable[str]) -> str:
    """The token that a reader brings: by an ``Authorization`` header, else by the cookie in a ``Cookie`` header.

    Raises ``TokenError`` where there is none.
    """
    if len(authorization) > 1:
        raise TokenError("Authorization is given more than once")
    if authorization:
        return bearer_token(authorization[0])
    if token := _cookie(cookies):
        return token
    raise TokenError(f"reading needs Authorization: Bearer <JWT> or the cookie {COOKIE}", presented=False)


def challenge(fault: str | None = None) -> str:
    """The ``WWW-Authenticate`` that goes with a 401. ``fault``: what is wrong with the token; None where none came."""
    what = "" if fault is None else f', error="invalid_token", error_description="{fault}"'
    return f'Bearer realm="{REALM}"{what}'


def _cookie(headers: Iterable[str]) -> str:
    for header in headers:
        for pair in header.split(";"):
            name, _, value = pair.strip().partition("=")
            if name == COOKIE:
                return value.strip().strip('"')
    return ""
