"""Settings of the comment service's images."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from service_kit.settings import SharedSettings

MIB = 1024 * 1024


class MediaSettings(SharedSettings):
    """Part of ``CommentServiceSettings``."""

    media_files: Literal["local", "s3", "off"] = Field(
        "local", description="Where the bytes of images are kept: in a folder, or in a bucket. off: none are taken."
    )
    media_folder: Path | None = Field(
        None,
        description="That folder, the same for all comment services; by default media in the data folder, else in the "
        "working folder.",
    )
    media_spool_folder: Path | None = Field(
        None,
        description="Where uploads lie until they are judged, below it a folder of this node's own; by default "
        "media-spool in the data folder, else in the working folder.",
    )
    media_s3_bucket: str | None = Field(None, min_length=1, description="The bucket; it has to be there.")
    media_s3_prefix: str = Field("", max_length=512, description="What each key begins with, e.g. media/.")
    media_s3_endpoint: str | None = Field(
        None, pattern=r"^https?://", description="URL of the store; unset: Amazon's own, by region."
    )
    media_s3_region: str | None = Field(None, min_length=1, description="Region of the bucket.")
    media_s3_access_key: str | None = Field(
        None, min_length=1, description="Access key; unset: where the SDK finds credentials by itself."
    )
    media_s3_secret_key: SecretStr | None = Field(None, description="Secret of that key.")
    media_s3_timeout_s: float = Field(5.0, gt=0, le=60, description="Seconds for each answer of the store.")
    media_s3_attempts: int = Field(3, ge=1, le=10, description="Attempts at each call of it.")
    media_threads: int = Field(4, ge=1, le=64, description="Reads and writes of files, or calls of S3, at a time.")
    media_queue: int = Field(1_000, ge=1, le=100_000, description="Those that may wait; beyond that 503.")

    media_max_bytes: int = Field(5 * MIB, ge=1024, le=64 * MIB, description="Bytes of an image; beyond that 413.")
    media_max_uploads: int = Field(32, ge=1, le=1_000, description="Uploads at a time; beyond that 503.")
    media_spool_max_bytes: int = Field(
        128 * MIB, ge=1024, description="Bytes of all uploads that are under way; beyond that 503."
    )
    media_upload_timeout_s: float = Field(
        30.0, gt=0, le=600, description="Seconds in which an upload has to arrive; beyond that 408."
    )
    media_max_downloads: int = Field(1_000, ge=1, description="Images being sent at a time; beyond that 503.")
    media_download_timeout_s: float = Field(
        120.0, gt=0, le=3_600, description="Seconds in which a client has to have taken an image."
    )

    media_max_pixels: int = Field(
        40_000_000, ge=1, le=1_000_000_000, description="Pixels of an image; of an animation, of each frame."
    )
    media_max_frames: int = Field(1_000, ge=1, le=100_000, description="Frames of an animation.")
    media_max_all_pixels: int = Field(200_000_000, ge=1, description="Pixels of all frames of an animation together.")
    media_decoders: int = Field(2, ge=1, le=64, description="Processes that decode images.")
    media_decoder_memory_bytes: int = Field(
        1024 * MIB, ge=256 * MIB, description="Address space of each; an image that needs more is refused."
    )
    media_decode_timeout_s: float = Field(
        15.0, gt=0, le=600, description="Seconds that decoding an image may take; beyond that it is refused."
    )

    media_unused_s: float = Field(
        24 * 3600.0, ge=60, description="Seconds after which an upload that no comment uses is removed."
    )
    media_sweep_s: float = Field(600.0, ge=0.1, description="Seconds between two searches for such uploads.")
