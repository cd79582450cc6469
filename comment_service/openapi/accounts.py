"""``/auth/*``. Pure."""

from __future__ import annotations

from comment_service.openapi.comments import CACHED, NOT_MODIFIED
from comment_service.openapi.parts import PUBLIC, TOKEN, Part, answer, json_body, operation, parameters

_TAG = "accounts"
_WHO = {"username": "ada", "password": "correct horse battery"}
_ELSEWHERE = "404 where users and their tokens come from another issuer."


def paths() -> Part:
    return {
        "/auth": {"get": _offers()},
        "/auth/register": {"post": _register()},
        "/auth/login": {"post": _login()},
        "/auth/password": {"post": _password()},
        "/auth/logout": {"post": _logout()},
        "/auth/users/{username}/roles": {"put": _roles()},
        "/auth/dev-token": {"post": _dev_token()},
    }


def _offers() -> Part:
    return operation(
        "getOffers",
        "How one can sign in here.",
        tag=_TAG,
        security=PUBLIC,
        parameters=parameters("If-None-Match"),
        answers={200: answer("What there is.", "Offers", CACHED), 304: NOT_MODIFIED},
    )


def _signed_in(description: str) -> Part:
    return answer(description, "SignedIn", ("Set-Cookie",))


def _register() -> Part:
    return operation(
        "register",
        "Make an account, and sign in.",
        tag=_TAG,
        security=PUBLIC,
        body=json_body("NewAccount", **_WHO),
        answers={201: _signed_in("The account.")},
        problems=(404, 409, 429),
        description=_ELSEWHERE,
    )


def _login() -> Part:
    return operation(
        "login",
        "Sign in.",
        tag=_TAG,
        security=PUBLIC,
        body=json_body("Login", **_WHO),
        answers={200: _signed_in("The token.")},
        problems=(401, 404, 429),
        description=_ELSEWHERE,
    )


def _password() -> Part:
    return operation(
        "changePassword",
        "Change one's own password. The tokens that there are stay good until they expire.",
        tag=_TAG,
        security=TOKEN,
        body=json_body("NewPassword", password=_WHO["password"], newPassword="a better battery"),
        answers={200: _signed_in("A token, as for signing in.")},
        problems=(401, 403, 404, 429),
        description="403 for a wrong password, counted as a log-in that failed. " + _ELSEWHERE,
    )


def _logout() -> Part:
    return operation(
        "logout",
        "Forget the cookie. The token itself is good until it expires.",
        tag=_TAG,
        security=PUBLIC,
        answers={204: answer("The cookie goes.", headers=("Set-Cookie",))},
        problems=(403,),
    )


def _roles() -> Part:
    return operation(
        "setRoles",
        "Give an account exactly these roles. For admins.",
        tag=_TAG,
        security=TOKEN,
        parameters=parameters("username"),
        body=json_body("Roles", roles=["viewer", "moderator"]),
        answers={200: answer("The user.", "UserAnswer")},
        problems=(401, 403, 404),
        description=_ELSEWHERE,
    )


def _dev_token() -> Part:
    return operation(
        "devToken",
        "A token for whoever asks: for development, and only there.",
        tag=_TAG,
        security=PUBLIC,
        body=json_body("DevName", name="Ada"),
        answers={200: _signed_in("The token of a new viewer.")},
        problems=(404,),
    )
