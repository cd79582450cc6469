"""``/auth`` and ``/auth/*``: what is offered, register, log in, log out, passwords, and roles."""

from __future__ import annotations

import json

from comment_service.accounts import Accounts, SignedIn
from comment_service.api.cookie import clear_token_cookie, set_token_cookie
from comment_service.api.handler import ApiHandler, Context
from comment_service.api.json_body import json_object, text_field
from comment_service.comment import iso_time
from comment_service.refusal import Forbidden, InvalidArgument
from service_kit.auth.identity import Identity
from service_kit.problem import Problem


class _AccountsHandler(ApiHandler):
    def initialize(self, context: Context, cookie_secure: bool = False) -> None:
        super().initialize(context)
        self._cookie_secure = cookie_secure

    @property
    def accounts(self) -> Accounts:
        accounts = self.context.services.accounts
        if accounts is None:
            raise Problem(404, "there are no accounts here: users and their tokens come from another issuer")
        return accounts

    async def answer_signed_in(self, status: int, signed_in: SignedIn) -> None:
        set_token_cookie(self, signed_in.token, always_secure=self._cookie_secure)
        answer = {
            "user": user_json(signed_in.user),
            "token": signed_in.token.token,
            "expiresAt": iso_time(signed_in.token.expires_at_s * 1000),
        }
        self.set_status(status)
        self.set_header("Cache-Control", "no-store")
        await self.finish(json.dumps(answer, ensure_ascii=False).encode())


class OffersHandler(ApiHandler):
    """How one can sign in here, so that a page need not offer what there is not."""

    operation = "auth-offers"
    public = True

    def initialize(self, context: Context, dev_tokens: bool) -> None:  # type: ignore[override]
        super().initialize(context)
        self._dev_tokens = dev_tokens

    async def get(self) -> None:
        """200 ``{"accounts": bool, "devTokens": bool}``."""
        self.set_header("Cache-Control", "public, max-age=60")
        await self.finish(
            json.dumps({"accounts": self.context.services.accounts is not None, "devTokens": self._dev_tokens}).encode()
        )

    head = get


class RegisterHandler(_AccountsHandler):
    operation = "register"

    async def post(self) -> None:
        """201 ``{"user": {"userId", "name", "roles"}, "token", "expiresAt"}``, and the cookie."""
        accounts = self.accounts
        body = json_object(self.request)
        username, password = text_field(body, "username"), text_field(body, "password")
        await self.answer_signed_in(201, await accounts.register(username, password, self.client_address()))


class LoginHandler(_AccountsHandler):
    operation = "login"

    async def post(self) -> None:
        """200, as for registering."""
        accounts = self.accounts
        body = json_object(self.request)
        username, password = text_field(body, "username"), text_field(body, "password")
        await self.answer_signed_in(200, await accounts.login(username, password, self.client_address()))


class PasswordHandler(_AccountsHandler):
    operation = "password"

    async def post(self) -> None:
        """200, as for logging in."""
        accounts, user = self.accounts, self.identity()
        body = json_object(self.request)
        password, wanted = text_field(body, "password"), text_field(body, "newPassword")
        signed_in = await accounts.change_password(user, password, wanted, self.client_address())
        await self.answer_signed_in(200, signed_in)


class LogoutHandler(_AccountsHandler):
    operation = "logout"

    async def post(self) -> None:
        """204, and the cookie goes. The token itself is good until it expires."""
        if self.request.headers.get("Sec-Fetch-Site") == "cross-site":
            raise Forbidden("another site's page cannot log anyone out")
        clear_token_cookie(self)
        self.clear_header("Content-Type")
        self.set_status(204)
        await self.finish()


class RolesHandler(_AccountsHandler):
    operation = "roles"

    async def put(self, username: str) -> None:
        """200 ``{"user": {"userId", "name", "roles"}}``: the account with exactly ``{"roles": [...]}``."""
        accounts, admin = self.accounts, self.identity()
        roles = json_object(self.request).get("roles")
        if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
            raise InvalidArgument("roles", "is not a list of strings")
        user = await accounts.set_roles(admin, username, frozenset(roles))
        self.set_header("Cache-Control", "no-store")
        await self.finish(json.dumps({"user": user_json(user)}, ensure_ascii=False).encode())


def user_json(user: Identity) -> dict[str, object]:
    """``{"userId", "name", "roles"}``."""
    return {"userId": user.user_id, "name": user.name, "roles": sorted(user.roles)}
