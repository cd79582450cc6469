"""``/media`` and ``/media/{mediaId}``: upload an image, and show it."""

from __future__ import annotations

import asyncio
import json
import re

from tornado import iostream, web

from comment_service.api.handler import ApiHandler, Context
from comment_service.api.image_form import ImageForm, form_parser
from comment_service.media.build import MediaParts
from comment_service.media.library import StoredImage
from comment_service.rates import Action
from comment_service.refusal import Refusal
from comment_service.store import StoreError
from service_kit.problem import Problem

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class _MediaApiHandler(ApiHandler):
    operation = "media"

    def initialize(self, context: Context, media: MediaParts) -> None:  # type: ignore[override]
        super().initialize(context)
        self.media = media


@web.stream_request_body
class UploadHandler(_MediaApiHandler):
    """Refuses at the end of the body, which is read and dropped until then: an answer given earlier could be lost."""

    def initialize(self, context: Context, media: MediaParts) -> None:  # type: ignore[override]
        super().initialize(context, media)
        self._form: ImageForm | None = None
        self._refusal: Refusal | None = None
        self._gone = False

    async def prepare(self) -> None:  # type: ignore[override]
        super().prepare()
        if self.request.method != "POST":
            return  # 405, by the method
        try:
            parser = form_parser(self.request.headers)
            self._form = ImageForm(parser, await self.media.uploads.begin(self.admitted(Action.UPLOAD)))
        except Refusal as refusal:
            self._refusal = refusal
        if self._gone:
            self._abandon()

    async def data_received(self, chunk: bytes) -> None:
        if self._form is None:
            return
        try:
            await self._form.feed(chunk)
        except Refusal as refusal:
            self._refusal = refusal
            self._abandon()

    async def post(self) -> None:
        """201 ``{"mediaId", "contentType", "width", "height"}``, once the image is durable."""
        if self._refusal is not None:
            raise self._refusal
        assert self._form is not None
        media = await self._form.finish()
        self.set_status(201)
        self.set_header("Location", f"/media/{media.media_id}")
        self.set_header("Cache-Control", "no-store")
        await self.finish(json.dumps(media.document()).encode())

    def on_finish(self) -> None:
        self._abandon()
        if not self._gone:
            super().on_finish()

    def on_connection_close(self) -> None:
        # In the middle of a body nothing else ends the request.
        super().on_connection_close()
        if not self._gone:
            self._gone = True
            self._abandon()
            self.context.traffic.ended()

    def _abandon(self) -> None:
        form, self._form = self._form, None
        if form is not None:
            form.abandon()


class MediaHandler(_MediaApiHandler):
    """An image never changes under its id, so whoever has it need not ask again."""

    def set_default_headers(self) -> None:
        super().set_default_headers()
        # Whatever a browser is made to take it for: it loads nothing and runs nothing.
        self.set_header("Content-Security-Policy", "default-src 'none'; sandbox")
        # Pages of other origins show comments too.
        self.set_header("Cross-Origin-Resource-Policy", "cross-origin")
        self.set_header("Access-Control-Allow-Origin", "*")

    async def get(self, media_id: str) -> None:
        """200 and the bytes, 206 and some of them, or 304."""
        library = self.media.library
        async with library.opened(media_id) as image:
            self._describe(image)
            if self.check_etag_header():
                self.set_status(304)
                return
            start, length = self._range(image.file.size)
            self.set_header("Content-Length", str(length))
            if self.request.method != "HEAD":
                await self._send(image, start, length)

    head = get

    def _describe(self, image: StoredImage) -> None:
        self.set_header("Content-Type", image.media.content_type)
        self.set_header("Content-Disposition", "inline")
        self.set_header("Cache-Control", "public, max-age=31536000, immutable")
        self.set_header("Accept-Ranges", "bytes")
        self.set_header("Etag", f'"{image.media.media_id}"')

    def _range(self, size: int) -> tuple[int, int]:
        """Where to begin, and how many bytes. Raises ``Problem`` 416."""
        asked = _RANGE.fullmatch(self.request.headers.get("Range", ""))
        if asked is None or asked[0] == "bytes=-" or not self._is_of_this(self.request.headers.get("If-Range")):
            return 0, size  # several ranges among them: they may be answered with all of it
        first, last = asked.groups()
        start, end = (int(first), int(last or size - 1)) if first else (max(0, size - int(last)), size - 1)
        end = min(end, size - 1)
        if start > end:
            problem = f"the image has {size} bytes"
            raise Problem(416, problem, headers={"Content-Range": f"bytes */{size}"})
        self.set_status(206)
        self.set_header("Content-Range", f"bytes {start}-{end}/{size}")
        return start, end - start + 1

    def _is_of_this(self, if_range: str | None) -> bool:
        return if_range is None or if_range == self._headers.get("Etag")

    async def _send(self, image: StoredImage, start: int, length: int) -> None:
        self.limit_caches()
        try:
            async with asyncio.timeout(self.media.library.download_timeout_s):
                async for chunk in image.file.read(start, length):
                    self.write(chunk)
                    await self.flush()
        except iostream.StreamClosedError:
            pass  # whoever asked has gone
        except (TimeoutError, StoreError):
            self._break_off()

    def _break_off(self) -> None:
        """The answer has begun: that it is not whole can only be told by the connection's end."""
        if self._headers_written:
            self.detach().close()
            self.on_finish()
            return
        raise Problem(503, "the image cannot be read at the moment", headers={"Retry-After": "1"})
