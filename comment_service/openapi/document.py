"""The whole description. Pure."""

from __future__ import annotations

import json
from functools import cache
from importlib import metadata

from comment_service.openapi import accounts, comments, media, moderation, site, stream
from comment_service.openapi.parameters import shared_headers, shared_parameters
from comment_service.openapi.parts import Part, head_of
from comment_service.openapi.problems import responses
from comment_service.openapi.schemas import schemas
from service_kit.auth.bearer import COOKIE

_RESOURCES = (comments, stream, moderation, accounts, media, site)
_TAGS = {
    "comments": "What people say.",
    "stream": "The live stream.",
    "reactions": "To comments and to videos.",
    "videos": "What is done to a video as a whole.",
    "moderation": "Reports, bans, slow mode, and who did what.",
    "accounts": "Where users are this platform's own.",
    "media": "Images in comments; where uploads are off, these paths are 404.",
    "site": "The page.",
}
_DESCRIPTION = (
    "JSON in and out, in UTF-8. Errors are `application/problem+json` (RFC 9457), whose `detail` names the field or"
    " parameter that is wrong. A method that a path does not have is 405 with `Allow`. Fields and parameters that are"
    " not known are ignored."
)


def document() -> Part:
    """OpenAPI 3.1. What a deployment has turned off is described too."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "livecomments",
            "version": metadata.version("livecomments"),
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": description} for name, description in _TAGS.items()],
        "paths": _paths(),
        "components": {
            "securitySchemes": _security(),
            "schemas": schemas(),
            "parameters": shared_parameters(),
            "headers": shared_headers(),
            "responses": responses(),
        },
    }


@cache
def document_json() -> bytes:
    """The same as UTF-8 JSON."""
    return json.dumps(document(), ensure_ascii=False, separators=(",", ":")).encode()


def _paths() -> Part:
    """HEAD works wherever GET does, but for the stream."""
    paths: Part = {}
    for resource in _RESOURCES:
        paths |= resource.paths()
    for operations in paths.values():
        if "get" in operations and "stream" not in operations["get"]["tags"]:
            operations["head"] = head_of(operations["get"])
    return paths


def _security() -> Part:
    cookie = "Set by signing in. It reads and streams, where the deployment asks for a token, and does nothing else."
    return {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": cookie},
    }
