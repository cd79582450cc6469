"""The use case: upload an image. Knows no HTTP and no gRPC."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from comment_service.comment import Media
from comment_service.media.decoders import Decoders
from comment_service.media.faults import ImageError, MediaFault
from comment_service.media.files import MediaFiles
from comment_service.media.metrics import MediaMetrics
from comment_service.media.spool import Spool, SpooledFile
from comment_service.refusal import InvalidArgument, Refusal, StoreBusy, TooLarge, UnsupportedMedia
from comment_service.sender import Sender
from comment_service.store import Store
from comment_service.store_calls import StoreCalls
from coordination.ids import clock_ms

FIELD = "file"
# The same image may be on its way out at this moment; that takes no longer than this.
_ADD_ATTEMPTS, _ADD_AGAIN_S = 20, 0.05


class UploadCheck(Protocol):
    """Something that may speak against an upload."""

    async def __call__(self, sender: Sender) -> None:
        """Raises a ``Refusal``."""


class Uploads:
    """``max_bytes`` bounds one image, ``timeout_s`` the time in which its edge has to have it."""

    def __init__(
        self,
        store: Store,
        files: MediaFiles,
        spool: Spool,
        decoders: Decoders,
        *,
        calls: StoreCalls,
        metrics: MediaMetrics,
        max_bytes: int,
        timeout_s: float,
        clock_ms: Callable[[], int] = clock_ms,
    ) -> None:
        self.max_bytes = max_bytes
        self.timeout_s = timeout_s
        self.checks: Sequence[UploadCheck] = ()
        """Made in turn before an upload."""
        self._store = store
        self._files = files
        self._spool = spool
        self._decoders = decoders
        self._calls = calls
        self._metrics = metrics
        self._clock_ms = clock_ms

    async def begin(self, sender: Sender) -> Upload:
        """Room for an image; to be ended by ``Upload.finish`` or ``abandon``.

        Raises ``StoreBusy`` and whatever its checks raise.
        """
        for check in self.checks:
            await check(sender)

        async def room() -> SpooledFile:
            return self._spool.open()

        return Upload(self, await self._calls.ask("spool", room), sender)

    async def append(self, file: SpooledFile, chunk: bytes) -> None:
        """Raises ``TooLarge``, ``StoreBusy`` and ``StoreDown``."""
        if file.size + len(chunk) > self.max_bytes:
            raise TooLarge(f"the image is over {self.max_bytes} bytes")
        await self._calls.ask("spool", lambda: file.append(chunk))

    async def keep(self, file: SpooledFile, sender: Sender) -> Media:
        """Judges what came and stores it.

        Raises ``InvalidArgument``, ``UnsupportedMedia``, ``StoreBusy`` and ``StoreDown``.
        """
        if not file.size:
            raise InvalidArgument(FIELD, "is empty")
        media = await self._judge(file)
        await self._add(media, sender)
        # After it is known: nobody removes the bytes of an image that was uploaded just now.
        await self._calls.ask("media_put", lambda: self._files.put(media.media_id, media.content_type, file.kept))
        self._metrics.stored.labels(media.content_type).inc()
        self._metrics.uploaded_bytes.inc(file.size)
        return media

    async def _judge(self, file: SpooledFile) -> Media:
        began = time.perf_counter()
        try:
            image = await self._decoders.judge(file.source, file.kept)
            return Media(image.media_id, image.content_type, image.width, image.height)
        except ImageError as error:
            self._metrics.faults.labels(error.fault).inc()
            structlog.get_logger().info("image_refused", reason=error.fault, problem=error.problem, bytes=file.size)
            raise _refusal_of(error) from None
        finally:
            self._metrics.decode_s.observe(time.perf_counter() - began)

    async def _add(self, media: Media, sender: Sender) -> None:
        for _ in range(_ADD_ATTEMPTS):
            added = await self._calls.ask(
                "media_add", lambda: self._store.media.add(media, sender.identity.user_id, self._clock_ms())
            )
            if added:
                return
            await asyncio.sleep(_ADD_AGAIN_S)
        raise StoreBusy("this very image is being removed; try again in a moment")


class Upload:
    """One image that is coming in."""

    def __init__(self, uploads: Uploads, file: SpooledFile, sender: Sender) -> None:
        self._uploads = uploads
        self._file = file
        self._sender = sender
        self._finishing = False

    async def append(self, chunk: bytes) -> None:
        """The next bytes; one call at a time. Raises ``TooLarge``, ``StoreBusy`` and ``StoreDown``."""
        await self._uploads.append(self._file, chunk)

    async def finish(self) -> Media:
        """The image, once it is durable. Raises as ``Uploads.keep`` does."""
        # Shielded: whoever uploads may go, and what was begun is then ended all the same.
        self._finishing = True
        return await asyncio.shield(asyncio.ensure_future(self._keep()))

    def abandon(self) -> None:
        """Drops what came. Idempotent, and without effect once ``finish`` was called."""
        if not self._finishing:
            self._file.close()

    async def _keep(self) -> Media:
        try:
            return await self._uploads.keep(self._file, self._sender)
        finally:
            self._file.close()


def _refusal_of(error: ImageError) -> Refusal:
    if error.fault is MediaFault.UNKNOWN_TYPE:
        return UnsupportedMedia(error.problem, field=FIELD)
    return InvalidArgument(FIELD, error.problem)
