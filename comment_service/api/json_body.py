"""A request's body: one JSON object, read strictly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from tornado import httputil

from comment_service.refusal import InvalidArgument
from service_kit.problem import Problem

_BODY = "body"


def json_object(request: httputil.HTTPServerRequest) -> Mapping[str, Any]:
    """The object in the body. Fields that nobody asks for are ignored, so clients may be newer than this server.

    Raises ``Problem`` 415 where the body is of another type, and ``InvalidArgument`` where it is not UTF-8, not JSON,
    not an object, has a key twice, or nests deeper than the parser goes.
    """
    _require_json(request.headers)
    if not request.body:
        raise InvalidArgument(_BODY, "is empty; it has to be a JSON object")
    try:
        text = request.body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidArgument(_BODY, f"is not UTF-8 at byte {error.start}") from None
    try:
        document = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise InvalidArgument(_BODY, f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise InvalidArgument(_BODY, "is nested too deeply") from None
    except ValueError:  # an integer of more digits than Python converts
        raise InvalidArgument(_BODY, "has a number that is too long") from None
    if not isinstance(document, dict):
        raise InvalidArgument(_BODY, "is not a JSON object")
    return document


def text_field(body: Mapping[str, Any], name: str) -> str:
    """A field that has to be there and be a string. Raises ``InvalidArgument``."""
    if name not in body:
        raise InvalidArgument(name, "is missing")
    value = body[name]
    if not isinstance(value, str):
        raise InvalidArgument(name, "is not a string")
    return value


def optional_text_field(body: Mapping[str, Any], name: str) -> str | None:
    """A field that is a string, null or not there. Raises ``InvalidArgument``."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidArgument(name, "is not a string")
    return value


def integer_field(body: Mapping[str, Any], name: str) -> int | None:
    """A field that is a whole number, null or not there. Raises ``InvalidArgument``."""
    value = body.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise InvalidArgument(name, "is not a whole number")
    return value


def flag_field(body: Mapping[str, Any], name: str) -> bool:
    """A field that is true or false; false where it is not there. Raises ``InvalidArgument``."""
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise InvalidArgument(name, "is neither true nor false")
    return value


def _require_json(headers: httputil.HTTPHeaders) -> None:
    media_type, _, parameters = headers.get("Content-Type", "").partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if media_type.strip().lower() != "application/json" or charset not in {"", "utf-8", "utf8"}:
        raise Problem(415, "the body has to be application/json in UTF-8", headers={"Accept": "application/json"})
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Problem(415, "the body has to come without Content-Encoding")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        # Two parsers would read two different requests out of it.
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidArgument(_BODY, f"has {twice[:64]!r} twice")
    return document


def _constant(name: str) -> NoReturn:
    raise InvalidArgument(_BODY, f"is not JSON: it has {name}")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)
