"""The page, its files, and this description. Pure."""

from __future__ import annotations

from comment_service.openapi.comments import CACHED, NOT_MODIFIED
from comment_service.openapi.parts import PUBLIC, Part, answer, operation, parameters

_TAG = "site"
_BINARY: Part = {"schema": {"type": "string", "format": "binary"}}


def paths() -> Part:
    described = answer("OpenAPI 3.1.", headers=CACHED)
    described["content"] = {"application/json": {"schema": {"type": "object", "required": ["openapi", "paths"]}}}
    return {
        "/": {"get": _file("getPage", "The viewer page.", {"text/html": {"schema": {"type": "string"}}})},
        "/assets/{file}": {"get": _file("getAsset", "A file of the page.", {"*/*": _BINARY}, "file")},
        "/openapi.json": {"get": _get("getDescription", "This description.", {200: described})},
    }


def _file(operation_id: str, summary: str, content: Part, *names: str) -> Part:
    some = answer("Some of it.", headers=(*CACHED, "Content-Range")) | {"content": content}
    return _get(
        operation_id,
        summary,
        {200: answer("The file.", headers=CACHED) | {"content": content}, 206: some},
        *names,
        "If-Modified-Since",
        "Range",
        problems=(404, 416),
    )


def _get(
    operation_id: str, summary: str, answers: dict[int, Part], *names: str, problems: tuple[int, ...] = ()
) -> Part:
    return operation(
        operation_id,
        summary,
        tag=_TAG,
        security=PUBLIC,
        parameters=parameters(*names, "If-None-Match"),
        answers=answers | {304: NOT_MODIFIED},
        problems=problems,
    )
