"""``/media…``. Pure."""

from __future__ import annotations

from comment_service.media.uploads import FIELD
from comment_service.openapi.comments import CACHED, NOT_MODIFIED, RATE
from comment_service.openapi.parameters import MEDIA_EXAMPLE
from comment_service.openapi.parts import TOKEN, Part, answer, operation, parameters

_TAG = "media"
_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")


def paths() -> Part:
    return {"/media": {"post": _upload()}, "/media/{mediaId}": {"get": _show()}}


def _upload() -> Part:
    image = {"type": "string", "format": "binary", "description": "PNG, JPEG, GIF or WebP, judged by its bytes."}
    form = {"type": "object", "required": [FIELD], "properties": {FIELD: image}, "additionalProperties": False}
    example = {"mediaId": MEDIA_EXAMPLE, "contentType": "image/png", "width": 640, "height": 480}
    return operation(
        "uploadImage",
        "Upload one image, at most 5 MiB.",
        tag=_TAG,
        security=TOKEN,
        body={"required": True, "content": {"multipart/form-data": {"schema": form}}},
        answers={201: answer("What to show it by, durably.", "Media", ("Location", *RATE), example)},
        problems=(401, 403, 408, 429),
    )


def _show() -> Part:
    return operation(
        "getImage",
        "The image. It never changes under its id.",
        tag=_TAG,
        parameters=parameters("mediaId", "If-None-Match", "Range", "If-Range"),
        answers={200: _image("All of it."), 206: _image("Some of it.", "Content-Range"), 304: NOT_MODIFIED},
        problems=(404, 416),
    )


def _image(description: str, *headers: str) -> Part:
    bodies = {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in _TYPES}
    return answer(description, headers=(*CACHED, *headers)) | {"content": bodies}
