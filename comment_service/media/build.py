"""The parts of images, put together from the settings, started and let go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry

from comment_service.media.decoders import DecoderLimits, Decoders
from comment_service.media.files import MediaFiles
from comment_service.media.files.local import LocalFiles
from comment_service.media.image import ImageLimits
from comment_service.media.library import MediaLibrary
from comment_service.media.metrics import MediaMetrics
from comment_service.media.purge import Purger, Sweeper
from comment_service.media.spool import Spool
from comment_service.media.uploads import Uploads
from comment_service.settings import CommentServiceSettings
from comment_service.store import Store
from comment_service.store_calls import StoreCalls


@dataclass(frozen=True)
class MediaParts:
    """What both edges and the comments use: ``uploads`` and ``library``; the rest is behind them."""

    uploads: Uploads
    library: MediaLibrary
    sweeper: Sweeper
    files: MediaFiles
    spool: Spool
    decoders: Decoders

    async def start(self) -> None:
        """Raises ``StoreUnavailable``. The store has to be started."""
        await self.files.start()
        await self.spool.start()
        await self.sweeper.start()

    async def aclose(self) -> None:
        await self.sweeper.aclose()
        await self.decoders.aclose()
        await self.spool.aclose()
        await self.files.aclose()


def build_media(
    settings: CommentServiceSettings, store: Store, calls: StoreCalls, registry: CollectorRegistry
) -> MediaParts | None:
    """Acquires nothing. None where images are not to be taken."""
    if settings.media_files == "off":
        return None
    metrics = MediaMetrics(registry)
    files = _files(settings)
    spool = Spool(
        _folder(settings, settings.media_spool_folder, "media-spool") / settings.node_id,
        max_uploads=settings.media_max_uploads,
        max_bytes=settings.media_spool_max_bytes,
    )
    decoders = Decoders(_decoder_limits(settings))
    purger = Purger(store, files, metrics)
    sweeper = Sweeper(store, purger, every_s=settings.media_sweep_s, unused_s=settings.media_unused_s)
    uploads = Uploads(
        store,
        files,
        spool,
        decoders,
        calls=calls,
        metrics=metrics,
        max_bytes=settings.media_max_bytes,
        timeout_s=settings.media_upload_timeout_s,
    )
    library = MediaLibrary(
        store,
        files,
        purger,
        calls,
        max_downloads=settings.media_max_downloads,
        download_timeout_s=settings.media_download_timeout_s,
    )
    metrics.watch(
        uploads=lambda: spool.uploads,
        spool_bytes=lambda: spool.bytes,
        decoding=lambda: decoders.waiting,
        decoders_started=lambda: decoders.started,
        files_waiting=lambda: files.waiting,
        downloads=lambda: library.downloads,
    )
    return MediaParts(uploads, library, sweeper, files, spool, decoders)


def _files(settings: CommentServiceSettings) -> MediaFiles:
    if settings.media_files == "local":
        folder = _folder(settings, settings.media_folder, "media")
        return LocalFiles(folder, threads=settings.media_threads, max_waiting=settings.media_queue)
    from comment_service.media.files.s3 import S3Files, S3Options  # a second of imports, for those who use it

    assert settings.media_s3_bucket is not None
    return S3Files(
        S3Options(
            bucket=settings.media_s3_bucket,
            prefix=settings.media_s3_prefix,
            endpoint=settings.media_s3_endpoint,
            region=settings.media_s3_region,
            access_key=settings.media_s3_access_key,
            secret_key=settings.media_s3_secret_key,
            timeout_s=settings.media_s3_timeout_s,
            attempts=settings.media_s3_attempts,
            threads=settings.media_threads,
            max_waiting=settings.media_queue,
        )
    )


def _decoder_limits(settings: CommentServiceSettings) -> DecoderLimits:
    return DecoderLimits(
        processes=settings.media_decoders,
        memory_bytes=settings.media_decoder_memory_bytes,
        timeout_s=settings.media_decode_timeout_s,
        image=ImageLimits(
            pixels=settings.media_max_pixels,
            frames=settings.media_max_frames,
            all_pixels=settings.media_max_all_pixels,
        ),
    )


def _folder(settings: CommentServiceSettings, given: Path | None, name: str) -> Path:
    return given or (settings.data or Path()) / name
