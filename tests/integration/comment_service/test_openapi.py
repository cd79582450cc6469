"""What the description says a request has is what the application asks a request for, and the other way round."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from tornado import httputil

from comment_service.account import Account
from comment_service.api import json_body
from comment_service.api.handler import ApiHandler
from comment_service.api.posting import PostRequests
from comment_service.openapi import document, document_json
from tests.integration.comment_service.edges import Answer, Edges, bearer
from tests.support.images import FORM, form, part, picture

DOCUMENT = document()
STREAM = "/comments/{liveVideoId}/stream"
OPERATIONS = [
    (method, path)
    for path, operations in DOCUMENT["paths"].items()
    for method in operations
    if path != STREAM and method != "head"
]
# Of every request, and none of any operation.
COMMON = {
    *("authorization", "content-type", "content-encoding", "cookie", "host"),
    *("sec-fetch-site", "x-forwarded-proto", "x-forwarded-for", "x-envoy-external-address"),
}
# Read with the sender of any request; what counts is a post's.
TICKET = "livecomments-ticket"
ADMIN = bearer("m-1", "admin")


class Asked:
    """The names that the application asked a request for."""

    def __init__(self) -> None:
        self.query: set[str] = set()
        self.fields: set[str] = set()
        self.headers: set[str] = set()

    def clear(self) -> None:
        for names in (self.query, self.fields, self.headers):
            names.clear()


class _Asked(dict[str, Any]):
    """A mapping that notes what it is asked for."""

    def __init__(self, values: Any, names: set[str]) -> None:
        super().__init__(values)
        self._names = names

    def get(self, name: str, default: Any = None) -> Any:
        self._names.add(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self._names.add(str(name))
        return super().__contains__(name)


class _AskedHeaders(httputil.HTTPHeaders):
    names: set[str]

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name.lower())
        return super().get(name, default)

    def get_list(self, name: str) -> list[str]:
        self.names.add(name.lower())
        return super().get_list(name)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    asked = Asked()
    prepare, serve = ApiHandler.prepare, PostRequests.serve

    def note(request: httputil.HTTPServerRequest) -> None:
        request.query_arguments = _Asked(request.query_arguments, asked.query)
        headers = _AskedHeaders()
        headers.names = asked.headers
        for name, value in request.headers.get_all():
            headers.add(name, value)
        request.headers = headers

    def preparing(handler: ApiHandler) -> None:
        note(handler.request)
        prepare(handler)

    def serving(posts: PostRequests, request: httputil.HTTPServerRequest, path: str) -> None:
        note(request)
        serve(posts, request, path)

    decoder = json.JSONDecoder(object_pairs_hook=lambda pairs: _Asked(pairs, asked.fields))
    monkeypatch.setattr(ApiHandler, "prepare", preparing)
    monkeypatch.setattr(PostRequests, "serve", serving)
    monkeypatch.setattr(json_body, "_DECODER", decoder)
    return asked


@pytest.fixture
async def image(edges: Edges) -> str:
    """The id of an image that a comment shows."""
    uploaded = await edges.http("POST", "/media", form(part(picture())), bearer("u-1") | FORM)
    await edges.http.comment("look", video="elsewhere", media=[uploaded.json["mediaId"]])
    return str(uploaded.json["mediaId"])


async def test_operations_ask_for_what_is_described_and_answer_so(edges: Edges, image: str, asked: Asked) -> None:
    account = {"username": "grace", "password": "correct horse battery"}
    assert (await edges.http.post("/auth/register", account)).status == 201
    assert edges.services.accounts is not None
    password_hash = await edges.services.accounts.passwords.hash(account["password"])
    await edges.store.accounts.add(Account("m-1", "m-1", "m-1", password_hash, frozenset({"admin"}), 0))
    wrong = {}
    for number, (method, path) in enumerate(OPERATIONS):
        operation = DOCUMENT["paths"][path][method]
        names = await _names(edges, image, number)
        asked.clear()
        answer = await _send(edges, names, method, path, operation)
        wrong[f"{method} {path}"] = [*_asked_otherwise(operation, asked), *_answered_otherwise(operation, answer)]
    assert {operation: faults for operation, faults in wrong.items() if faults} == {}


async def test_a_request_without_what_is_required_is_400(edges: Edges, image: str) -> None:
    names = await _names(edges, image, 0)
    for method, path in OPERATIONS:
        operation = DOCUMENT["paths"][path][method]
        body = _json_schema(operation)
        for field in body["required"] if body else ():
            example = dict(operation["requestBody"]["content"]["application/json"]["example"])
            del example[field]
            answer = await _send(edges, names, method, path, operation, example)
            assert answer.status == 400, (method, path, field)
            assert field in answer.json["detail"]


async def test_a_cache_is_told_how_long_it_may_keep_the_description(edges: Edges) -> None:
    first = await edges.http.get("/openapi.json")
    assert first.json == json.loads(document_json())
    assert "public" in first.headers["Cache-Control"]
    again = await edges.http.get("/openapi.json", **{"If-None-Match": first.headers["Etag"]})
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("read_needs_token", [True])
async def test_the_description_needs_no_token(edges: Edges) -> None:
    assert (await edges.http.get("/openapi.json")).status == 200


async def _names(edges: Edges, image: str, number: int) -> dict[str, str]:
    """The paths' parameters: a comment of its own that is reported, and a user who is banned."""
    http, video, author = edges.http, f"match-{number}", bearer(f"author-{number}")
    comment = (await http.post(f"/comments/{video}", {"content": "hello"}, **author)).json
    report = await http.post(f"/comments/{video}/{comment['commentId']}/reports", {"reason": "x"}, **author)
    banned = await http.put("/moderation/bans/u-99", {}, **ADMIN)
    assert (report.status, banned.status) == (202, 200)
    reports = (await http.get("/moderation/reports", **ADMIN)).json["reports"]
    return {
        "liveVideoId": video,
        "commentId": comment["commentId"],
        "reportId": reports[-1]["reportId"],
        "mediaId": image,
        "kind": "love",
        "userId": "u-99",
        "username": "grace",
        "file": "livecomments.js",
    }


async def _send(
    edges: Edges, names: dict[str, str], method: str, path: str, operation: Any, example: Any = None
) -> Answer:
    """The operation's own example, by an admin."""
    headers = dict(ADMIN)
    body: bytes | None = None
    content = operation.get("requestBody", {}).get("content", {})
    if "multipart/form-data" in content:
        body, headers = form(part(picture())), headers | FORM
    elif content:
        example = content["application/json"]["example"] if example is None else example
        body, headers = json.dumps(example).encode(), headers | {"Content-Type": "application/json"}
    elif method == "post":
        body, headers = b"", headers | {"Content-Type": "application/json"}
    if "{mediaId}" in path:
        headers |= {"Range": "bytes=0-9"}  # without it there is no look at If-Range
    return await edges.http(method.upper(), path.format(**names), body, headers)


def _asked_otherwise(operation: Any, asked: Asked) -> Iterator[str]:
    parameters = [_resolved(each) for each in operation["parameters"]]
    query = {each["name"] for each in parameters if each["in"] == "query"}
    headers = {each["name"].lower() for each in parameters if each["in"] == "header"}
    body = _json_schema(operation)
    fields = set(body["properties"]) if body else set()
    if asked.query != query:
        yield f"parameters {sorted(asked.query)}, described {sorted(query)}"
    if asked.fields != fields:
        yield f"fields {sorted(asked.fields)}, described {sorted(fields)}"
    if asked.headers - COMMON - {TICKET} != headers - {TICKET}:
        yield f"headers {sorted(asked.headers - COMMON)}, described {sorted(headers)}"


def _answered_otherwise(operation: Any, answer: Answer) -> Iterator[str]:
    if answer.status >= 300 or str(answer.status) not in operation["responses"]:
        yield f"{answer.status} {answer.body!r}"
        return
    described = operation["responses"][str(answer.status)]
    for name in described["headers"]:
        if name not in answer.headers and not name.startswith("RateLimit-"):
            yield f"no header {name}"
    content_type = answer.headers.get("Content-Type", "").partition(";")[0]
    content = described.get("content", {})
    if not content:
        if answer.body:
            yield f"a body: {answer.body!r}"
    elif content_type not in content and "*/*" not in content:
        yield f"Content-Type {content_type}"
    elif content_type == "application/json":
        yield from _other_json(content[content_type]["schema"], answer.json)


def _other_json(schema: Any, document: Any) -> Iterator[str]:
    validator = jsonschema.Draft202012Validator(schema | {"components": DOCUMENT["components"]})
    yield from (error.message for error in validator.iter_errors(document))
    properties = _resolved(schema).get("properties")
    if properties is not None and not set(document) <= set(properties):
        yield f"fields {sorted(document)}, described {sorted(properties)}"


def _json_schema(operation: Any) -> Any:
    content = operation.get("requestBody", {}).get("content", {})
    return _resolved(content["application/json"]["schema"]) if "application/json" in content else None


def _resolved(part: Any) -> Any:
    while "$ref" in part:
        kind, name = part["$ref"].split("/")[-2:]
        part = DOCUMENT["components"][kind][name]
    return part
