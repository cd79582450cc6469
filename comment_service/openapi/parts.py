"""The parts that every operation's description is made of. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

Part = dict[str, Any]

# Any request can meet these, before a handler sees it or because of a fault behind it.
_EVERY = (400, 413, 414, 415, 431, 500, 503)
TOKEN: list[Part] = [{"bearer": []}]
PUBLIC: list[Part] = []
READER: list[Part] = [{}, {"bearer": []}, {"cookie": []}]


def ref(kind: str, name: str) -> Part:
    """``kind``: schemas, parameters, headers, responses."""
    return {"$ref": f"#/components/{kind}/{name}"}


def schema(name: str) -> Part:
    return ref("schemas", name)


def parameters(*names: str) -> list[Part]:
    """Those of ``components/parameters``."""
    return [ref("parameters", name) for name in names]


def json_body(name: str, /, **example: object) -> Part:
    """A request's body that has to be there: the schema of that name."""
    return {"required": True, "content": {"application/json": {"schema": schema(name), "example": example}}}


def answer(
    description: str, name: str | None = None, headers: Iterable[str] = (), example: object | None = None
) -> Part:
    """A success: the schema of that name as JSON, None for no body."""
    part: Part = {"description": description, "headers": {header: ref("headers", header) for header in headers}}
    part["headers"]["X-Content-Type-Options"] = ref("headers", "X-Content-Type-Options")
    if name is not None:
        media: Part = {"schema": schema(name)}
        if example is not None:
            media["example"] = example
        part["content"] = {"application/json": media}
    return part


def problem_name(status: int) -> str:
    """Its name in ``components/responses``: ``404`` → ``NotFound``."""
    return "".join(word.capitalize() for word in HTTPStatus(status).phrase.replace("-", " ").split())


def operation(
    operation_id: str,
    summary: str,
    *,
    tag: str,
    answers: Mapping[int, Part],
    problems: Iterable[int] = (),
    parameters: Iterable[Part] = (),
    body: Part | None = None,
    security: list[Part] | None = None,
    description: str = "",
) -> Part:
    """One operation. ``problems``: the error statuses besides those that every request can meet. ``security`` None:
    whoever reads, which may need a token where the deployment says so."""
    reads = security is None
    statuses = {*problems, *_EVERY, *((401,) if reads else ())}
    responses = {str(status): part for status, part in answers.items()}
    responses |= {str(status): ref("responses", problem_name(status)) for status in sorted(statuses)}
    part: Part = {"operationId": operation_id, "summary": summary, "tags": [tag]}
    if description:
        part["description"] = description
    part |= {"security": READER if security is None else security, "parameters": list(parameters)}
    if body is not None:
        part["requestBody"] = body
    return part | {"responses": responses}


def head_of(get: Part) -> Part:
    """The same without bodies."""
    name = get["operationId"]
    bodiless = {
        status: {key: value for key, value in part.items() if key != "content"} if "$ref" not in part else _head(part)
        for status, part in get["responses"].items()
    }
    return get | {
        "operationId": f"head{name[0].upper()}{name[1:]}",
        "summary": f"{get['summary']}: the headers alone",
        "responses": bodiless,
    }


def _head(response: Part) -> Part:
    return {"description": f"{response['$ref'].rpartition('/')[2]}, without its body"}
