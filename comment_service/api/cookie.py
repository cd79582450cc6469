"""The cookie that signing in sets: for reading and streaming, where a browser sends no headers of one's own."""

from __future__ import annotations

import time

from tornado import web

from service_kit.auth.bearer import COOKIE
from service_kit.auth.tokens import SignedToken


def set_token_cookie(handler: web.RequestHandler, token: SignedToken, *, always_secure: bool) -> None:
    """No script sees it, no other site's page sends it, and it goes with the token's end."""
    handler.set_cookie(
        COOKIE,
        token.token,
        path="/",
        max_age=max(0, token.expires_at_s - int(time.time())),
        httponly=True,
        secure=always_secure or _came_by_tls(handler),
        samesite="Strict",
    )


def clear_token_cookie(handler: web.RequestHandler) -> None:
    """The browser forgets it."""
    handler.clear_cookie(COOKIE, path="/", httponly=True, samesite="Strict")


def _came_by_tls(handler: web.RequestHandler) -> bool:
    # Envoy overwrites the header. Who sends one past Envoy has only their own cookie refused.
    return handler.request.headers.get("X-Forwarded-Proto", handler.request.protocol) == "https"
