"""``multipart/form-data`` with one part, the image: read as it comes, held by nobody."""

from __future__ import annotations

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header
from tornado import httputil

from comment_service.comment import Media
from comment_service.media.uploads import FIELD, Upload
from comment_service.refusal import InvalidArgument, UnsupportedMedia

_BODY = "body"
_HEADERS, _HEADER_BYTES = 8, 4096
# What a form may take besides the image: its boundaries and the part's headers.
FORM_BYTES = 2 * _HEADERS * _HEADER_BYTES


def form_parser(headers: httputil.HTTPHeaders) -> PushMultipartParser:
    """For the form in the body. Raises ``UnsupportedMedia`` where the body is none, and ``InvalidArgument``."""
    content_type, options = parse_options_header(headers.get("Content-Type", ""))
    if content_type != "multipart/form-data":
        raise UnsupportedMedia("the body has to be multipart/form-data")
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMedia("the body has to come without Content-Encoding")
    boundary = str(options.get("boundary", ""))
    if not 1 <= len(boundary) <= 70:
        raise InvalidArgument("boundary", "of the form has not 1 to 70 characters")
    try:
        return PushMultipartParser(boundary, max_header_size=_HEADER_BYTES, max_header_count=_HEADERS, strict=True)
    except MultipartError as error:
        raise _malformed(error) from None


class ImageForm:
    """Gives the part named ``file`` to ``upload``. Its file name and type are not looked at: the bytes are judged."""

    def __init__(self, parser: PushMultipartParser, upload: Upload) -> None:
        self._parser = parser
        self._upload = upload
        self._part: MultipartSegment | None = None

    async def feed(self, chunk: bytes) -> None:
        """The body's next bytes; one call at a time. Raises ``InvalidArgument`` and what ``Upload.append`` raises."""
        try:
            for event in self._parser.parse(chunk):
                if isinstance(event, MultipartSegment):
                    self._begin(event)
                elif event:
                    await self._upload.append(bytes(event))
        except MultipartError as error:
            raise _malformed(error) from None

    async def finish(self) -> Media:
        """The body was all. Raises ``InvalidArgument`` and what ``Upload.finish`` raises."""
        try:
            self._parser.close()
        except MultipartError as error:
            raise _malformed(error) from None
        if self._part is None:
            raise InvalidArgument(FIELD, "is missing")
        return await self._upload.finish()

    def abandon(self) -> None:
        """Drops what came. Idempotent, and without effect once ``finish`` was called."""
        self._upload.abandon()

    def _begin(self, part: MultipartSegment) -> None:
        if self._part is not None:
            raise InvalidArgument(_BODY, "has more than one part")
        if part.name != FIELD:
            raise InvalidArgument(_BODY, f"has a part that is not named {FIELD}")
        self._part = part


def _malformed(error: MultipartError) -> InvalidArgument:
    return InvalidArgument(_BODY, f"is no form: {str(error)[:200]}")
