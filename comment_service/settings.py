"""Settings of the comment service."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from comment_service.accounts.settings import AccountSettings
from comment_service.history.settings import HistorySettings
from comment_service.media.settings import MediaSettings
from comment_service.moderation.settings import ModerationSettings
from comment_service.rates.settings import RateSettings
from comment_service.store.cassandra.settings import CassandraSettings
from service_kit.auth.settings import AccessSettings
from service_kit.settings import NodeSettings, node_config


class CommentServiceSettings(
    HistorySettings,
    RateSettings,
    ModerationSettings,
    AccountSettings,
    CassandraSettings,
    MediaSettings,
    AccessSettings,
    NodeSettings,
):
    """``LIVECOMMENTS_COMMENT_SERVICE_*``, besides what every node has."""

    model_config = node_config("comment_service")

    node_id: str = Field(
        "comment-service-1",
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="Name of this node, unique in the data centre and stable over restarts.",
    )
    http_port: int = Field(0, ge=0, le=65535, description="Port of the HTTP API and the page; 0: a free one.")
    grpc_port: int = Field(0, ge=0, le=65535, description="Port of the gRPC API; 0: a free one.")

    leave_s: float = Field(
        0.2, ge=0, le=60, description="Seconds between leaving the membership and closing: until Envoy has heard of it."
    )

    store: Literal["sqlite", "cassandra"] = Field("sqlite", description="Where comments are kept.")
    sqlite_path: Path | None = Field(
        None, description="Database file; by default comments.sqlite3 in the data folder, else in the working folder."
    )
    sqlite_max_bytes: int = Field(
        0, ge=0, description="Bytes that the database file may reach; 0: as many as the disk has."
    )
    write_batch: int = Field(500, ge=1, le=10_000, description="Writes that one transaction may hold.")
    write_queue: int = Field(
        10_000, ge=1, le=1_000_000, description="Writes that may wait for the store; beyond that posts get 503."
    )
    read_queue: int = Field(
        1_000, ge=1, le=100_000, description="Reads that may wait for the store; beyond that they get 503."
    )
    reader_threads: int = Field(2, ge=1, le=64, description="Reads that the embedded store runs at a time.")

    # What may be done to comments and videos.
    edit_window_s: float = Field(
        300.0, ge=0, description="Seconds in which an author may edit a comment; a moderator may at any time."
    )
    video_cache_s: float = Field(
        0.5,
        ge=0,
        le=60,
        description="Seconds that is remembered whether a video has ended; posts are possible for so long after it.",
    )
    video_cache: int = Field(10_000, ge=1, le=1_000_000, description="Videos of which that is remembered.")

    publish_outbox_events: int = Field(
        50_000, ge=1, description="Events that may wait for a dispatcher's acknowledgement; beyond that the oldest go."
    )
    publish_outbox_bytes: int = Field(64 * 1024 * 1024, ge=1, description="Bytes that those may take.")
    publish_window: int = Field(4, ge=1, le=64, description="Unacknowledged batches to one dispatcher.")
    publish_ack_timeout_s: float = Field(
        2.0, gt=0, le=60, description="Seconds without an acknowledgement after which a dispatcher counts as hung."
    )
    publish_head_videos: int = Field(100_000, ge=1, description="Videos whose last event id is remembered.")

    # Reactions.
    reactions_gather_s: float = Field(
        0.5,
        ge=0.05,
        le=60,
        description="Seconds for which changes of a video's reactions gather before they are counted and told.",
    )
    reactions_confirm_s: float = Field(
        3.0, ge=0.1, le=600, description="Seconds after which totals that were told are told once more."
    )
    reactions_max_videos: int = Field(
        10_000, ge=1, description="Videos with reactions to tell of; beyond that those to other videos get 503."
    )
    reactions_max_comments: int = Field(
        100_000, ge=1, description="Comments with reactions to tell of; beyond that they are stored and not told."
    )
    reactions_concurrent: int = Field(
        32, ge=1, le=1_000, description="Videos whose reactions are counted or read in the store at a time."
    )
    reactions_drain_s: float = Field(
        3.0, ge=0, le=60, description="Seconds that counting the last reactions may take when the process ends."
    )

    max_body_bytes: int = Field(
        64 * 1024,
        ge=1024,
        le=16 * 1024 * 1024,
        description="Bytes of a request's body; 500 emoji of many parts, escaped as JSON can, need 50,000.",
    )
    max_header_bytes: int = Field(
        16 * 1024, ge=1024, le=64 * 1024, description="Bytes of a request's headers; beyond that 431."
    )
    max_url_bytes: int = Field(4096, ge=256, le=16 * 1024, description="Bytes of a request's URL; beyond that 414.")
    body_timeout_s: float = Field(10.0, gt=0, le=600, description="Seconds in which a request's body has to arrive.")
    idle_timeout_s: float = Field(
        3_660.0,
        gt=0,
        description="Seconds that an idle connection stays; over the hour of Envoy's pool, so that Envoy ends it.",
    )

    dev_tokens: bool = Field(
        False, description="POST /auth/dev-token gives anyone a token. For development alone; needs the secret."
    )
    dev_token_lifetime_s: int = Field(86_400, ge=1, description="Seconds that such a token lives.")

    @model_validator(mode="after")
    def _has_one_key(self) -> Self:
        if self.jwt_keys_given != 1:
            raise ValueError(
                "set exactly one of LIVECOMMENTS_COMMENT_SERVICE_JWT_SECRET, _JWT_PUBLIC_KEY_FILE and _JWT_JWKS_FILE"
            )
        if self.dev_tokens and self.jwt_secret is None:
            raise ValueError("LIVECOMMENTS_COMMENT_SERVICE_DEV_TOKENS needs _JWT_SECRET")
        return self

    @model_validator(mode="after")
    def _has_a_bucket(self) -> Self:
        if self.media_files == "s3" and self.media_s3_bucket is None:
            raise ValueError("LIVECOMMENTS_COMMENT_SERVICE_MEDIA_FILES s3 needs _MEDIA_S3_BUCKET")
        if (self.media_s3_access_key is None) != (self.media_s3_secret_key is None):
            raise ValueError("set both LIVECOMMENTS_COMMENT_SERVICE_MEDIA_S3_ACCESS_KEY and _MEDIA_S3_SECRET_KEY")
        return self

    @property
    def database(self) -> Path:
        """The file of the embedded store."""
        return self.sqlite_path or (self.data or Path()) / "comments.sqlite3"
