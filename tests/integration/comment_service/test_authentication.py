"""Who may post, over both edges."""

from __future__ import annotations

import time

import grpc
import jwt
import pytest

from livecomments.v1 import comment_service_pb2 as pb
from service_kit.auth.identity import Identity
from service_kit.auth.tokens import sign
from tests.integration.comment_service.edges import ADA, SECRET, TOKEN, VIDEO, Edges

OTHER_SECRET = "another secret, which is long enough as well"
NOW = int(time.time())
BAD_TOKENS = {
    "not a token": "abc",
    "three dots": "a.b.c",
    "another secret": sign(ADA, OTHER_SECRET, lifetime_s=60).token,
    "expired": sign(ADA, SECRET, lifetime_s=60, now_s=NOW - 61).token,
    "not yet valid": jwt.encode({"sub": "u-1", "nbf": NOW + 86_400}, SECRET, "HS256"),
    "no signature": jwt.encode({"sub": "u-1"}, "", "none"),
    "another algorithm": jwt.encode({"sub": "u-1"}, SECRET * 2, "HS512"),
    "no user": jwt.encode({"name": "Ada"}, SECRET, "HS256"),
    "too long": jwt.encode({"sub": "u-1", "more": "x" * 8_000}, SECRET, "HS256"),
    "changed by a letter": TOKEN[:-2] + ("A" if TOKEN[-2] != "A" else "B") + TOKEN[-1],
}


async def post(edges: Edges, authorization: str | None) -> tuple[int, dict[str, str], str]:
    headers = {"Content-Type": "application/json"}
    if authorization is not None:
        headers["Authorization"] = authorization
    answer = await edges.http("POST", f"/comments/{VIDEO}", b'{"content": "hello"}', headers)
    return answer.status, dict(answer.headers), answer.json.get("detail", "")


@pytest.mark.parametrize("name", BAD_TOKENS)
async def test_a_bad_token_is_401_and_says_why_without_repeating_it(edges: Edges, name: str) -> None:
    status, headers, detail = await post(edges, f"Bearer {BAD_TOKENS[name]}")
    assert status == 401
    assert 'error="invalid_token"' in headers["Www-Authenticate"]
    assert "token" in detail
    assert BAD_TOKENS[name] not in detail + headers["Www-Authenticate"]
    assert await edges.stored() == []


@pytest.mark.parametrize("authorization", [None, "", "Basic dTpw", "Bearer", "Bearer ", TOKEN])
async def test_no_token_is_401(edges: Edges, authorization: str | None) -> None:
    status, headers, detail = await post(edges, authorization)
    assert status == 401
    assert headers["Www-Authenticate"].startswith("Bearer ")
    assert "Bearer" in detail
    assert await edges.stored() == []


async def test_the_scheme_s_case_does_not_matter(edges: Edges) -> None:
    assert (await post(edges, f"bearer {TOKEN}"))[0] == 201


async def test_a_token_without_a_name_posts_under_its_user(edges: Edges) -> None:
    assert (await post(edges, "Bearer " + jwt.encode({"sub": "u-99"}, SECRET, "HS256")))[0] == 201
    (comment,) = await edges.stored()
    assert (comment.author_id, comment.author_name) == ("u-99", "u-99")


async def test_a_development_token_posts(edges: Edges) -> None:
    answer = await edges.http.post("/auth/dev-token", {"name": " Grace\u0000 Hopper "})
    assert answer.status == 200
    user = answer.json["user"]
    assert (user["name"], user["roles"]) == ("Grace Hopper", ["viewer"])
    assert answer.json["expiresAt"].endswith("Z")
    assert answer.headers["Cache-Control"] == "no-store"
    assert (await post(edges, f"Bearer {answer.json['token']}"))[0] == 201
    (comment,) = await edges.stored()
    assert (comment.author_id, comment.author_name) == (user["userId"], "Grace Hopper")


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({}, "name is missing"),
        ({"name": 5}, "name is not a string"),
        ({"name": " "}, "name is empty"),
        ({"name": "x" * 101}, "name is longer than 100"),
        ([], "body is not a JSON object"),
    ],
)
async def test_a_development_token_needs_a_name(edges: Edges, document: object, says: str) -> None:
    answer = await edges.http.post("/auth/dev-token", document)
    assert answer.status == 400
    assert says in answer.json["detail"]


@pytest.mark.parametrize(
    "metadata",
    [
        (),
        (("authorization", "Basic abc"),),
        (("authorization", f"Bearer {BAD_TOKENS['expired']}"),),
        (("authorization", f"Bearer {TOKEN}"), ("authorization", f"Bearer {TOKEN}")),
    ],
)
async def test_grpc_without_a_good_token_is_unauthenticated(
    edges: Edges, metadata: tuple[tuple[str, str], ...]
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await edges.grpc.PostComment(pb.PostCommentRequest(live_video_id=VIDEO, content="hello"), metadata=metadata)
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert await edges.stored() == []


async def test_names_of_all_scripts_come_through(edges: Edges) -> None:
    token = sign(Identity("u-5", "Зоя 👩‍🚀"), SECRET, lifetime_s=60).token
    assert (await post(edges, f"Bearer {token}"))[0] == 201
    assert (await edges.stored())[0].author_name == "Зоя 👩‍🚀"
