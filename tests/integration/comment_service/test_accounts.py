"""Registering, logging in and roles, over both edges, on a real store with real argon2."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from dataclasses import replace
from http.cookies import SimpleCookie
from typing import Any

import grpc
import jwt
import pytest

from comment_service.accounts import PasswordCost, Passwords
from comment_service.services import OwnAccounts
from livecomments.v1 import accounts_pb2 as pb
from livecomments.v1 import accounts_pb2_grpc
from service_kit.auth.identity import Identity
from service_kit.auth.tokens import sign
from tests.integration.comment_service.edges import ADA, CHEAP, SECRET, VIDEO, Answer, Clock, Edges

JSON = {"Content-Type": "application/json"}
PASSWORD = "correct horse battery staple"
ANOTHER = "incorrect horse battery staple"
ADMIN = sign(Identity("root", "Root", frozenset({"admin"})), SECRET, lifetime_s=3_600).token


async def register(edges: Edges, username: str = "Ada", password: str = PASSWORD, **headers: str) -> Answer:
    return await auth(edges, "register", username, password, **headers)


async def login(edges: Edges, username: str = "Ada", password: str = PASSWORD, **headers: str) -> Answer:
    return await auth(edges, "login", username, password, **headers)


async def auth(edges: Edges, path: str, username: object, password: object, **headers: str) -> Answer:
    document = {"username": username, "password": password}
    return await edges.http.post(f"/auth/{path}", document, Authorization="", **headers)


async def change_password(edges: Edges, token: str, password: object, new_password: object) -> Answer:
    document = {"password": password, "newPassword": new_password}
    return await edges.http.post("/auth/password", document, Authorization=f"Bearer {token}" if token else "")


async def set_roles(edges: Edges, username: str, roles: object, token: str = ADMIN) -> Answer:
    body = b'{"roles": %s}' % str(roles).replace("'", '"').encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return await edges.http("PUT", f"/auth/users/{username}/roles", body, headers)


async def test_who_registers_can_post_and_log_in_again(edges: Edges) -> None:
    answer = await register(edges)
    assert answer.status == 201
    assert answer.headers["Cache-Control"] == "no-store"
    user = answer.json["user"]
    assert (user["name"], user["roles"]) == ("Ada", ["viewer"])
    posted = await edges.http.post(
        f"/comments/{VIDEO}", {"content": "hello"}, Authorization=f"Bearer {answer.json['token']}"
    )
    assert (posted.json["authorId"], posted.json["authorName"]) == (user["userId"], "Ada")
    again = await login(edges, "ADA")
    assert again.status == 200
    assert again.json["user"] == user
    claims = jwt.decode(again.json["token"], SECRET, ["HS256"])
    assert (claims["sub"], claims["roles"], claims["exp"] - claims["iat"]) == (user["userId"], ["viewer"], 3_600)
    assert again.json["expiresAt"].endswith("Z")


async def test_a_username_is_taken_in_whatever_form(edges: Edges) -> None:
    assert (await register(edges)).status == 201
    for form in ("Ada", "ADA", "Ａｄａ"):
        answer = await register(edges, form)
        assert (answer.status, answer.json["detail"]) == (409, "username is taken")


async def test_of_many_who_register_at_once_one_gets_the_name(edges: Edges) -> None:
    answers = await asyncio.gather(*(register(edges) for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409, 409]


@pytest.mark.parametrize(
    ("username", "password", "says"),
    [
        ("ab", PASSWORD, "username is not 3 to 32"),
        ("a b c", PASSWORD, "username may have letters"),
        (None, PASSWORD, "username is not a string"),
        ("ada", "short", "password is not 8 to 128"),
        ("ada", "x" * 129, "password is not 8 to 128"),
        ("ada", 12345678, "password is not a string"),
    ],
)
async def test_what_cannot_be_says_so_and_never_repeats_the_password(
    edges: Edges, username: object, password: object, says: str
) -> None:
    for path in ("register", "login"):
        answer = await auth(edges, path, username, password)
        assert answer.status == 400
        assert says in answer.json["detail"]
        assert str(password) not in answer.body.decode()


async def test_a_wrong_password_and_an_unknown_user_are_the_same_401(edges: Edges) -> None:
    await register(edges)
    wrong, unknown = await login(edges, password="wrong horse"), await login(edges, "nobody")
    assert wrong.status == unknown.status == 401
    assert wrong.body == unknown.body
    assert wrong.headers["Www-Authenticate"] == unknown.headers["Www-Authenticate"]
    assert "Set-Cookie" not in wrong.headers
    assert edges.metric("requests_refused_total", edge="http", reason="wrong_login") == 2


async def test_an_unknown_user_costs_a_hash_as_well(edges: Edges) -> None:
    asked: list[bool] = []

    class Watched(Passwords):
        async def verify(self, encoded: str | None, password: str) -> bool:
            asked.append(encoded is not None)
            return await super().verify(encoded, password)

    await register(edges)
    assert edges.services.accounts is not None
    edges.services.accounts.passwords = Watched(CHEAP)
    for username in ("Ada", "nobody"):
        assert (await login(edges, username, "wrong horse")).status == 401
    assert asked == [True, False]


async def test_a_username_is_locked_for_a_while_after_too_many_failures(edges: Edges, clock: Clock) -> None:
    await register(edges)
    for _ in range(3):
        assert (await login(edges, password="wrong horse")).status == 401
    locked = await login(edges)  # with the right password
    assert (locked.status, locked.headers["Retry-After"]) == (429, "900")
    nobody = [await login(edges, "nobody", **{"X-Envoy-External-Address": "192.0.2.9"}) for _ in range(4)]
    assert [answer.status for answer in nobody] == [401, 401, 401, 429], "as for a user that there is"
    clock.now_s += 901
    assert (await login(edges)).status == 200
    assert (await login(edges, password="wrong horse")).status == 401, "and a success begins anew"


async def test_an_address_is_stopped_whatever_the_usernames(edges: Edges, clock: Clock) -> None:
    here, there = {"X-Envoy-External-Address": "2001:db8::1"}, {"X-Envoy-External-Address": "2001:db8:0:1::1"}
    for number in range(5):
        assert (await login(edges, f"user{number}", **here)).status == 401
    neighbour = {"X-Envoy-External-Address": "2001:db8::2"}
    assert (await login(edges, "user6", **neighbour)).status == 429
    assert (await login(edges, "user6", **there)).status == 401


async def test_an_address_registers_no_more_than_it_may(edges: Edges) -> None:
    statuses = [(await register(edges, f"user{number}")).status for number in range(7)]
    assert statuses == [201] * 6 + [429]


async def test_a_password_is_hashed_again_when_its_cost_changes(edges: Edges, own_accounts: OwnAccounts) -> None:
    await register(edges)
    before = await edges.store.accounts.by_username("ada")
    assert edges.services.accounts is not None
    edges.services.accounts.passwords = Passwords(PasswordCost(memory_kib=16, passes=1))
    assert (await login(edges)).status == 200
    after = await edges.store.accounts.by_username("ada")
    assert before is not None
    assert after is not None
    assert ("m=8," in before.password_hash, "m=16," in after.password_hash) == (True, True)
    assert (await login(edges)).status == 200
    assert await edges.store.accounts.by_username("ada") == after


async def test_a_new_password_takes_the_old_one(edges: Edges) -> None:
    token = (await register(edges)).json["token"]
    answer = await change_password(edges, token, PASSWORD, ANOTHER)
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    assert answer.json["user"]["name"] == "Ada"
    assert SimpleCookie(answer.headers["Set-Cookie"])["livecomments_token"].value == answer.json["token"]
    posted = await edges.http.post(
        f"/comments/{VIDEO}", {"content": "hello"}, Authorization=f"Bearer {answer.json['token']}"
    )
    assert posted.json["authorId"] == answer.json["user"]["userId"]
    assert (await login(edges)).status == 401
    assert (await login(edges, password=ANOTHER)).status == 200
    assert (await change_password(edges, token, PASSWORD, "a third password")).status == 403
    assert (await login(edges, password=ANOTHER)).status == 200, "and nothing was changed"


class Held(Passwords):
    """Hashes at another cost, so that a log-in hashes again; what it hashes waits to be let go."""

    def __init__(self) -> None:
        super().__init__(PasswordCost(memory_kib=16, passes=1))
        self.hashing, self.go_on = asyncio.Event(), asyncio.Event()

    async def hash(self, password: str) -> str:
        encoded = await super().hash(password)
        self.hashing.set()
        await self.go_on.wait()
        return encoded


async def held(edges: Edges, request: Coroutine[Any, Any, Answer]) -> tuple[asyncio.Task[Answer], asyncio.Event]:
    """``request``, begun, which has hashed and waits for the event before it writes. Those after it do not."""
    accounts = edges.services.accounts
    assert accounts is not None
    usual, accounts.passwords = accounts.passwords, (slow := Held())
    task = asyncio.create_task(request)
    await asyncio.wait_for(slow.hashing.wait(), timeout=10)
    accounts.passwords = usual
    return task, slow.go_on


async def hash_of_ada(edges: Edges) -> str:
    account = await edges.store.accounts.by_username("ada")
    assert account is not None
    return account.password_hash


async def test_a_log_in_that_hashes_again_leaves_a_new_password_alone(edges: Edges) -> None:
    token = (await register(edges)).json["token"]
    late, go_on = await held(edges, login(edges))
    assert (await change_password(edges, token, PASSWORD, ANOTHER)).status == 200
    changed = await hash_of_ada(edges)
    go_on.set()
    assert (await late).status == 200, "it was right when it came"
    assert await hash_of_ada(edges) == changed
    assert (await login(edges)).status == 401
    assert (await login(edges, password=ANOTHER)).status == 200


async def test_a_password_is_changed_though_a_log_in_hashes_it_again_meanwhile(edges: Edges) -> None:
    token = (await register(edges)).json["token"]
    change, go_on = await held(edges, change_password(edges, token, PASSWORD, ANOTHER))
    again, at_once = await held(edges, login(edges))
    at_once.set()
    assert (await again).status == 200
    assert "m=16," in await hash_of_ada(edges)
    go_on.set()
    assert (await change).status == 200
    assert (await login(edges)).status == 401
    assert (await login(edges, password=ANOTHER)).status == 200


async def test_of_two_changes_at_once_the_first_stays_and_the_other_is_refused(edges: Edges) -> None:
    token = (await register(edges)).json["token"]
    late, go_on = await held(edges, change_password(edges, token, PASSWORD, "a third password"))
    assert (await change_password(edges, token, PASSWORD, ANOTHER)).status == 200
    go_on.set()
    refused = await late
    assert (refused.status, refused.json["detail"]) == (403, "password is wrong")
    assert (await login(edges, password="a third password")).status == 401
    assert (await login(edges, password=ANOTHER)).status == 200


async def test_a_new_password_comes_with_the_roles_as_they_now_are(edges: Edges) -> None:
    token = (await register(edges)).json["token"]
    await set_roles(edges, "ada", ["moderator"])
    answer = await change_password(edges, token, PASSWORD, ANOTHER)
    assert answer.json["user"]["roles"] == jwt.decode(answer.json["token"], SECRET, ["HS256"])["roles"] == ["moderator"]


async def test_guessing_the_password_with_a_token_is_as_limited_as_without(edges: Edges, clock: Clock) -> None:
    token = (await register(edges)).json["token"]
    wrong = await change_password(edges, token, "wrong horse", ANOTHER)
    assert (wrong.status, wrong.json["detail"]) == (403, "password is wrong")
    assert "Set-Cookie" not in wrong.headers
    assert edges.metric("requests_refused_total", edge="http", reason="wrong_password") == 1
    assert (await login(edges, password="wrong horse")).status == 401, "counted together"
    assert (await change_password(edges, token, "wrong horse", ANOTHER)).status == 403
    locked = await change_password(edges, token, PASSWORD, ANOTHER)
    assert (locked.status, locked.headers["Retry-After"]) == (429, "900")
    assert (await login(edges)).status == 429
    clock.now_s += 901
    assert (await change_password(edges, token, PASSWORD, ANOTHER)).status == 200
    assert (await login(edges, password=ANOTHER)).status == 200


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (PASSWORD, "short", "newPassword is not 8 to 128"),
        (PASSWORD, "x" * 129, "newPassword is not 8 to 128"),
        (PASSWORD, 12345678, "newPassword is not a string"),
        ("short", ANOTHER, "password is not 8 to 128"),
        (None, ANOTHER, "password is not a string"),
    ],
)
async def test_a_new_password_that_cannot_be_changes_nothing(edges: Edges, old: object, new: object, says: str) -> None:
    token = (await register(edges)).json["token"]
    answer = await change_password(edges, token, old, new)
    assert (answer.status, says in answer.json["detail"]) == (400, True), answer
    assert str(new) not in answer.body.decode()
    assert (await login(edges)).status == 200


async def test_only_who_has_an_account_and_a_token_changes_a_password(edges: Edges) -> None:
    token = (await register(edges)).json["token"]
    assert (await change_password(edges, "", PASSWORD, ANOTHER)).status == 401
    body = json.dumps({"password": PASSWORD, "newPassword": ANOTHER}).encode()
    by_cookie = await edges.http("POST", "/auth/password", body, JSON | {"Cookie": f"livecomments_token={token}"})
    assert by_cookie.status == 401
    elsewhere = sign(ADA, SECRET, lifetime_s=3_600).token
    assert (await change_password(edges, elsewhere, PASSWORD, ANOTHER)).status == 404
    assert (await login(edges)).status == 200


async def test_signing_in_sets_a_cookie_that_no_script_and_no_other_site_has(edges: Edges) -> None:
    for answer in (await register(edges), await login(edges)):
        cookie = SimpleCookie(answer.headers["Set-Cookie"])["livecomments_token"]
        assert cookie.value == answer.json["token"]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
        assert not cookie["secure"]
        assert 3_500 < int(cookie["max-age"]) <= 3_600
    secure = await login(edges, **{"X-Forwarded-Proto": "https"})
    assert SimpleCookie(secure.headers["Set-Cookie"])["livecomments_token"]["secure"]


async def test_logging_out_takes_the_cookie_back(edges: Edges) -> None:
    answer = await edges.http("POST", "/auth/logout", b"", JSON)
    assert (answer.status, answer.body) == (204, b"")
    cookie = SimpleCookie(answer.headers["Set-Cookie"])["livecomments_token"]
    assert cookie.value == ""
    assert cookie["expires"]
    foreign = await edges.http("POST", "/auth/logout", b"", JSON | {"Sec-Fetch-Site": "cross-site"})
    assert foreign.status == 403
    assert "Set-Cookie" not in foreign.headers


async def test_the_cookie_changes_nothing(edges: Edges) -> None:
    token = (await register(edges)).json["token"]
    headers = {"Cookie": f"livecomments_token={token}", "Content-Type": "application/json"}
    answer = await edges.http("POST", f"/comments/{VIDEO}", b'{"content": "hello"}', headers)
    assert answer.status == 401
    assert await edges.stored() == []


async def test_an_admin_gives_roles_and_the_trail_tells(edges: Edges) -> None:
    user = (await register(edges)).json["user"]
    answer = await set_roles(edges, "ADA", ["moderator", "viewer"])
    assert (answer.status, answer.json) == (200, {"user": user | {"roles": ["moderator", "viewer"]}})
    assert (await login(edges)).json["user"]["roles"] == ["moderator", "viewer"]
    (entry,) = await edges.store.audit.before(None, 10)
    assert (entry.moderator_id, entry.action, entry.subject) == ("root", "set_roles", user["userId"])
    assert entry.detail == {"roles": "moderator viewer"}


@pytest.mark.parametrize(
    ("username", "roles", "token", "status"),
    [
        ("ada", ["admin"], sign(ADA, SECRET, lifetime_s=3_600).token, 403),
        ("ada", ["admin"], sign(replace(ADA, roles=frozenset({"moderator"})), SECRET, lifetime_s=3_600).token, 403),
        ("ada", ["admin"], "", 401),
        ("nobody", ["admin"], ADMIN, 404),
        ("ada", [], ADMIN, 400),
        ("ada", ["service"], ADMIN, 400),
        ("ada", "admin", ADMIN, 400),
        ("%20", ["admin"], ADMIN, 400),
    ],
)
async def test_nobody_else_gives_roles_and_no_others(
    edges: Edges, username: str, roles: object, token: str, status: int
) -> None:
    await register(edges)
    document = f'"{roles}"' if isinstance(roles, str) else roles
    assert (await set_roles(edges, username, document, token)).status == status
    assert (await login(edges)).json["user"]["roles"] == ["viewer"]
    assert await edges.store.audit.before(None, 10) == []


@pytest.mark.parametrize("own_accounts", [None])
async def test_with_an_outside_issuer_there_are_no_accounts(edges: Edges) -> None:
    for answer in (
        *(await register(edges), await login(edges), await set_roles(edges, "ada", ["admin"])),
        await change_password(edges, ADMIN, PASSWORD, ANOTHER),
    ):
        assert answer.status == 404
        assert "another issuer" in answer.json["detail"]
    assert (await edges.http("POST", "/auth/logout", b"", JSON)).status == 204
    assert (await edges.http.get("/auth")).json == {"accounts": False, "devTokens": True}
    async with grpc.aio.insecure_channel(f"127.0.0.1:{edges.grpc_port}") as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await accounts_pb2_grpc.AccountServiceStub(channel).Login(pb.LoginRequest(username="ada"))
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("read_needs_token", [True])
async def test_anyone_is_told_how_to_sign_in(edges: Edges) -> None:
    answer = await edges.http("GET", "/auth", b"", {})
    assert answer.status == 200
    assert answer.json == {"accounts": True, "devTokens": True}


async def test_the_same_over_grpc(edges: Edges) -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{edges.grpc_port}") as channel:
        stub = accounts_pb2_grpc.AccountServiceStub(channel)
        registered = await stub.Register(pb.RegisterRequest(username="Ada", password=PASSWORD))
        assert (registered.user.name, list(registered.user.roles)) == ("Ada", ["viewer"])
        assert (await login(edges)).json["user"]["userId"] == registered.user.user_id
        signed_in = await stub.Login(pb.LoginRequest(username="ada", password=PASSWORD))
        claims = jwt.decode(signed_in.token, SECRET, ["HS256"])
        assert (claims["sub"], claims["exp"]) == (registered.user.user_id, signed_in.expires_at.seconds)
        roles = pb.SetRolesRequest(username="ada", roles=["admin"])
        given = await stub.SetRoles(roles, metadata=(("authorization", f"Bearer {ADMIN}"),))
        assert list(given.user.roles) == ["admin"]

        async def code(call: grpc.aio.UnaryUnaryCall) -> grpc.StatusCode:  # type: ignore[type-arg]
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await call
            return refused.value.code()

        mine = (("authorization", f"Bearer {signed_in.token}"),)
        change = pb.ChangePasswordRequest(password=PASSWORD, new_password=ANOTHER)
        changed = await stub.ChangePassword(change, metadata=mine)
        assert (changed.user.user_id, list(changed.user.roles)) == (registered.user.user_id, ["admin"])
        assert (await login(edges, password=ANOTHER)).status == 200

        code_of = grpc.StatusCode
        assert await code(stub.ChangePassword(change)) is code_of.UNAUTHENTICATED
        assert await code(stub.ChangePassword(change, metadata=mine)) is code_of.PERMISSION_DENIED
        short = pb.ChangePasswordRequest(password=ANOTHER, new_password="x")
        assert await code(stub.ChangePassword(short, metadata=mine)) is code_of.INVALID_ARGUMENT
        assert (await login(edges, password=ANOTHER)).status == 200
        taken = stub.Register(pb.RegisterRequest(username="ADA", password=PASSWORD))
        assert await code(taken) is code_of.ALREADY_EXISTS
        assert await code(stub.Register(pb.RegisterRequest(username="x"))) is code_of.INVALID_ARGUMENT
        assert await code(stub.SetRoles(roles)) is code_of.UNAUTHENTICATED
        wrong = pb.LoginRequest(username="ada", password="wrong horse", client_address="192.0.2.1")
        codes = [await code(stub.Login(wrong)) for _ in range(4)]
        assert codes == [code_of.UNAUTHENTICATED] * 3 + [code_of.RESOURCE_EXHAUSTED]
