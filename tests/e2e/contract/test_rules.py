"""The rules that hold on every path: 404, 405 with Allow, 415, 414 and 431."""

from __future__ import annotations

from typing import Any

import pytest

from comment_service.openapi import document
from tests.e2e.contract.asking import Asking

PATHS = document()["paths"]
OPERATIONS = [(method, path) for path in PATHS for method in PATHS[path] if method != "head"]
# HEAD is left to schemathesis: the client here reads a body after every head.
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "BREW")
NAMES = {
    "liveVideoId": "match-42",
    "commentId": "1",
    "reportId": "1",
    "kind": "like",
    "userId": "nobody",
    "username": "nobody",
    "mediaId": "0" * 64,
    "file": "livecomments.js",
}
# Envoy itself takes %00 for no HTTP at all: 400.
BAD_VIDEO_IDS = ("x" * 65, "a.b", "a%20b", "a%2Fb", "caf%C3%A9", "%ff")


def of(method: str, path: str) -> Any:
    """The operation as it is described."""
    return PATHS[path][method]


WITH_VIDEO = [path for path in PATHS if "{liveVideoId}" in path]


@pytest.mark.parametrize("path", PATHS)
async def test_a_method_that_a_path_does_not_have_is_405_with_allow(ask: Asking, path: str) -> None:
    has = {method.upper() for method in PATHS[path]}
    for method in [each for each in METHODS if each not in has]:
        told = await ask(method, path.format(**NAMES), {} if method in {"POST", "PUT", "PATCH"} else None)
        assert {each.strip() for each in told.header("allow").split(",")} == has
        told.assert_problem(405)


@pytest.mark.parametrize("path", WITH_VIDEO)
async def test_what_is_no_video_id_is_404(ask: Asking, path: str) -> None:
    for method in [method for method, each in OPERATIONS if each == path]:
        for bad in BAD_VIDEO_IDS:
            filled = path.format(**NAMES | {"liveVideoId": bad})
            told = await ask(method.upper(), filled, {} if method in {"post", "put", "patch"} else None, role="admin")
            told.assert_problem(404)


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/comments", "/comments/v/1/2", "/videos/v", "/auth/x", "/moderation", "/healthz", "//"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_an_unknown_path_is_404(ask: Asking, method: str, path: str) -> None:
    (await ask(method, path, {} if method == "POST" else None)).assert_problem(404)


@pytest.mark.parametrize("path", PATHS)
async def test_a_url_over_the_limit_is_414_and_headers_431(ask: Asking, path: str) -> None:
    filled = path.format(**NAMES)
    for method in [method.upper() for method, each in OPERATIONS if each == path]:
        body: object = {} if method in {"POST", "PUT", "PATCH"} else None
        assert (await ask(method, f"{filled}?x={'1' * 10_000}", body)).status == 414, method
        assert (await ask(method, filled, body, headers={"X-Long": "x" * 20_000})).status == 431, method


@pytest.mark.parametrize(
    ("method", "path"),
    [each for each in OPERATIONS if "application/json" in of(*each).get("requestBody", {}).get("content", {})],
)
async def test_a_body_of_another_type_is_415_and_no_json_400(ask: Asking, method: str, path: str) -> None:
    filled = path.format(**NAMES)
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1"):
        told = await ask(method.upper(), filled, body=b"{}", role="admin", headers={"Content-Type": content_type})
        told.assert_problem(415, "application/json")
    for body in (b"", b"{", b"[]", b'"x"', b'{"a": 1, "a": 2}', b'{"a": "\xff"}', b'{"a": NaN}'):
        (await ask(method.upper(), filled, body=body, role="admin")).assert_problem(400, "body")
    (await ask(method.upper(), filled, {"x": "y" * 70_000}, role="admin")).assert_problem(413)


@pytest.mark.parametrize(("method", "path"), [each for each in OPERATIONS if of(*each)["security"] == [{"bearer": []}]])
async def test_without_a_token_it_is_401(ask: Asking, method: str, path: str) -> None:
    body: object = {} if method in {"post", "put", "patch"} else None
    none: dict[str, str] = {}
    for headers in (none, {"Authorization": "Basic YWRhOng="}, {"Authorization": "Bearer a.b.c"}):
        told = await ask(method.upper(), path.format(**NAMES), body, user=None, headers=headers)
        assert told.status in ({401, 415} if path == "/media" else {401}), told
        if told.status == 401:
            assert told.header("www-authenticate").startswith("Bearer")
