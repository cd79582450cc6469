"""``/auth/dev-token``: a token for whoever asks, for development alone."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass

from comment_service.api.accounts import user_json
from comment_service.api.cookie import set_token_cookie
from comment_service.api.handler import ApiHandler, Context
from comment_service.api.json_body import json_object, text_field
from comment_service.comment import iso_time
from comment_service.content import clean_name
from service_kit.auth.identity import Identity
from service_kit.auth.tokens import MAX_NAME_CHARACTERS, sign


@dataclass(frozen=True)
class DevTokens:
    """How development tokens are made."""

    secret: str
    lifetime_s: int
    issuer: str | None = None
    audience: str | None = None


class DevTokenHandler(ApiHandler):
    operation = "dev-token"

    def initialize(self, context: Context, tokens: DevTokens, cookie_secure: bool) -> None:  # type: ignore[override]
        super().initialize(context)
        self._tokens = tokens
        self._cookie_secure = cookie_secure

    async def post(self) -> None:
        """200 ``{"user": {"userId", "name", "roles"}, "token", "expiresAt"}``: a new viewer of that name."""
        name = clean_name("name", text_field(json_object(self.request), "name"), max_characters=MAX_NAME_CHARACTERS)
        user = Identity(f"dev-{secrets.token_hex(6)}", name, frozenset({"viewer"}))
        signed = sign(
            user,
            self._tokens.secret,
            lifetime_s=self._tokens.lifetime_s,
            issuer=self._tokens.issuer,
            audience=self._tokens.audience,
        )
        set_token_cookie(self, signed, always_secure=self._cookie_secure)
        answer = {
            "user": user_json(user),
            "token": signed.token,
            "expiresAt": iso_time(signed.expires_at_s * 1000),
        }
        self.set_header("Cache-Control", "no-store")
        await self.finish(json.dumps(answer, ensure_ascii=False).encode())
