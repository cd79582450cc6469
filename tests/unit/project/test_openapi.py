"""The description of the HTTP API: valid, and the same routes as the application has."""

from __future__ import annotations

import re
from typing import Any, cast

import jsonschema
import pytest
from openapi_spec_validator import validate
from tornado import web

from comment_service.api.dev_token import DevTokens
from comment_service.api.handler import ApiHandler, Context
from comment_service.api.server import application
from comment_service.openapi import document
from comment_service.openapi.stream import DEFAULT_BACKLOG, EVENTS, MAX_BACKLOG
from rms import frames, stream_request
from service_kit.problem import ProblemHandler

DOCUMENT = document()
METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
STREAM = "/comments/{liveVideoId}/stream"


def test_it_is_valid() -> None:
    validate(DOCUMENT)


def test_it_has_the_routes_and_methods_of_the_application() -> None:
    app = application(cast("Context", _WithMedia()), DevTokens("x" * 32, 60))
    routes = set[tuple[str, str]]()
    rules: list[Any] = app.wildcard_router.rules
    for rule in rules:
        pattern = rule.matcher.regex.pattern.removesuffix("$").replace("\\.", ".")
        if pattern != ".*":
            routes |= {(method, re.sub(r"\([^()]*\)", "{}", pattern)) for method in _methods(rule.target)}
    described = {
        (method, re.sub(r"\{\w+\}", "{}", path))
        for path, operations in DOCUMENT["paths"].items()
        for method in operations
    }
    assert described - {("get", re.sub(r"\{\w+\}", "{}", STREAM))} == routes


def test_the_stream_is_as_its_node_has_it() -> None:
    assert (MAX_BACKLOG, DEFAULT_BACKLOG) == (stream_request.MAX_BACKLOG, stream_request.DEFAULT_BACKLOG)
    kinds = {value for name, value in vars(frames).items() if name.isupper() and isinstance(value, str)}
    assert set(EVENTS) == kinds
    (described,) = DOCUMENT["paths"][STREAM].values()
    parameters = {part["name"]: part for part in described["parameters"] if "name" in part}
    assert set(parameters) == {"Last-Event-ID", "lastEventId", "backlog"}


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_operations_are_named_once_and_say_who_may(path: str) -> None:
    for method, operation in DOCUMENT["paths"][path].items():
        names = [each["operationId"] for paths in DOCUMENT["paths"].values() for each in paths.values()]
        assert names.count(operation["operationId"]) == 1
        assert operation["summary"]
        assert ("401" in operation["responses"]) or operation["security"] == [], method


def test_every_example_is_what_its_schema_says() -> None:
    found = list(_examples(DOCUMENT))
    assert len(found) > 30
    for schema, example in found:
        jsonschema.Draft202012Validator(schema | {"components": DOCUMENT["components"]}).validate(example)


def _examples(part: Any) -> Any:
    """Every schema with an example beside it."""
    if isinstance(part, dict):
        if "example" in part and "schema" in part:
            yield part["schema"], part["example"]
        for each in part.values():
            yield from _examples(each)
    elif isinstance(part, list):
        for each in part:
            yield from _examples(each)


def _methods(handler: type[web.RequestHandler]) -> list[str]:
    assert issubclass(handler, ApiHandler)
    return [method for method in METHODS if getattr(handler, method) is not ProblemHandler.options]


class _WithMedia:
    """Of a ``Context`` what the application looks at."""

    @property
    def services(self) -> _WithMedia:
        return self

    @property
    def media(self) -> object:
        return object()
