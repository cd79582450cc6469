"""Settings of a realtime messaging server (RMS)."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from rms.channel_limits import ChannelLimits
from rms.encoders import EncoderLimits
from rms.hub import HubLimits
from rms.links.h2_connection import H2Limits
from rms.reception import ReceptionLimits
from service_kit.auth.settings import AccessSettings
from service_kit.settings import NodeSettings, node_config


class RmsSettings(AccessSettings, NodeSettings):
    """``LIVECOMMENTS_RMS_*``, besides what every node has."""

    model_config = node_config("rms")

    node_id: str = Field(
        "rms-1",
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="Name of this node, unique in the data centre and stable over restarts.",
    )
    http_port: int = Field(0, ge=0, le=65535, description="Port of the live streams; 0: a free one.")
    grpc_port: int = Field(0, ge=0, le=65535, description="Port that dispatchers deliver to; 0: a free one.")

    # Who is let in.
    service_token_file: Path | None = Field(
        None,
        description="File with a token of role service, to read history with where that needs one and users come from "
        "an outside issuer; read again when it changes. With the secret, the node signs its own.",
    )
    ticket_lifetime_s: float = Field(
        120.0,
        ge=3,
        le=86_400,
        description="Seconds that a ticket lives where posting needs one; viewers are given a new one every third.",
    )
    max_viewers: int = Field(
        50_000, ge=1, le=1_000_000, description="Viewers in all; over HTTP/1.1 no more than the process may open files."
    )
    max_viewers_per_video: int = Field(
        20_000, ge=1, le=1_000_000, description="Viewers of one video; more of them spill to other nodes."
    )
    joins_per_s: float = Field(
        2_000.0, gt=0, description="Viewers that are let in a second; a join costs about 0.2 ms of CPU."
    )
    join_burst: int = Field(10_000, ge=1, description="Viewers that are let in at once before that rate holds.")
    last_attempt: int = Field(
        4, ge=1, le=100, description="Envoy's last attempt at a request: its num_retries and one."
    )
    full_retry_ms: int = Field(
        30_000, ge=1, le=600_000, description="Milliseconds after which a viewer comes back for whom there was no room."
    )
    retry_ms: int = Field(
        2_000, ge=2, le=600_000, description="Milliseconds after which a cut-off viewer comes back, give or take half."
    )
    max_age_s: float = Field(
        3600.0, ge=1, description="Seconds after which a connection is closed, so that load evens out after scaling."
    )
    max_age_jitter: float = Field(0.2, ge=0, lt=1, description="By which share that age varies.")
    header_timeout_s: float = Field(
        10.0, gt=0, le=600, description="Seconds that a connection may take to send its request."
    )

    # HTTP/2 links, whose streams are viewers.
    h2_max_links: int = Field(1_000, ge=1, description="HTTP/2 connections; a proxy has one for each of its workers.")
    h2_max_streams: int = Field(
        100_000, ge=1, le=1_000_000, description="Viewers of one HTTP/2 connection; told to the proxy."
    )
    h2_header_list_bytes: int = Field(
        256 * 1024,
        ge=64 * 1024,
        description="Bytes of a request's header fields that end an HTTP/2 connection; more than the proxy lets "
        "through, and far more than is answered 431.",
    )
    h2_control_frames_per_s: float = Field(
        1_000.0, gt=0, description="Frames a second that carry no request and answer nothing; five times as many once."
    )
    h2_early_resets_per_s: float = Field(
        5_000.0, gt=0, description="Streams a second reset within a second of opening; five times as many once."
    )
    h2_waiting_bytes: int = Field(
        32 * 1024 * 1024,
        ge=1024 * 1024,
        description="Requests of a connection that may wait for their turn, 400 bytes and their headers each; then "
        "nothing more is read from it for a while.",
    )
    h2_send_buffer_bytes: int = Field(
        256 * 1024, ge=16 * 1024, description="Bytes that the kernel may hold for a connection (SO_SNDBUF)."
    )
    h2_choke_bytes: int = Field(
        256 * 1024, ge=64 * 1024, description="Bytes a connection may have waiting before flushes pass it over."
    )
    h2_buffer_bytes: int = Field(
        16 * 1024 * 1024, ge=1024 * 1024, description="Bytes a connection may have waiting at all."
    )
    h2_stalled_after_s: float = Field(
        10.0, gt=0, le=600, description="Seconds after which a connection is ended that takes nothing."
    )

    # Channels.
    max_channels: int = Field(
        100_000, ge=1, le=100_000, description="Videos served; ZooKeeper ends a session with all of them at once."
    )
    max_opening_channels: int = Field(2_000, ge=1, description="Videos whose first backfill may be under way.")
    linger_s: float = Field(
        30.0, ge=0, le=3600, description="Seconds that a video without viewers keeps its route and its ring."
    )
    ring_frames: int = Field(2_000, ge=100, le=1_000_000, description="Events that a video's ring holds.")
    ring_bytes: int = Field(2 * 1024 * 1024, ge=64 * 1024, description="Bytes that a video's ring holds.")
    recent_ids: int = Field(8_192, ge=1_000, description="Event ids a video remembers to tell repeats.")
    max_held: int = Field(2_000, ge=1, description="Events held for a video that opens or is repaired.")

    # Sending.
    group_size: int = Field(256, ge=1, le=65_536, description="Viewers that are sent to without yielding.")
    chunk_bytes: int = Field(64 * 1024, ge=1024, description="Bytes that a viewer who lags is offered at a time.")
    send_share: float = Field(0.7, gt=0, le=1, description="Share of its time that a node spends sending at most.")
    send_buffer_bytes: int = Field(
        32 * 1024, ge=4 * 1024, description="Bytes that the kernel may hold for a viewer (SO_SNDBUF)."
    )
    user_timeout_s: float = Field(
        20.0, gt=0, le=600, description="Seconds that sent data may stay unacknowledged (TCP_USER_TIMEOUT)."
    )
    stalled_after_s: float = Field(
        20.0, gt=0, le=600, description="Seconds after which a viewer is closed that is owed bytes and takes none."
    )
    heartbeat_after_s: float = Field(15.0, gt=0, le=600, description="Seconds of silence before a heartbeat.")
    rider_wait_s: float = Field(
        2.0, ge=0, le=600, description="Seconds that viewer counts wait for comments to go with."
    )
    viewers_gap_s: float = Field(5.0, ge=0, le=3600, description="Seconds at least between two counts of a video.")
    reactions_wait_s: float = Field(
        0.5, ge=0, le=600, description="Seconds that totals of reactions wait for comments to go with."
    )
    reactions_gap_s: float = Field(
        0.5, ge=0, le=3600, description="Seconds at least between two reactions events of a video."
    )
    reaction_comments: int = Field(
        2_000, ge=1, le=1_000_000, description="Comments of a video whose latest totals of reactions are remembered."
    )
    viewers_report_every_s: float = Field(
        2.5, gt=0, le=600, description="Seconds between two reports of a video's viewers here to the dispatchers."
    )

    # Compressing.
    gzip: bool = Field(True, description="Whether viewers that accept gzip get it.")
    gzip_min_viewers: int = Field(
        4,
        ge=1,
        le=1_000_000,
        description="Up-to-date gzip viewers from which on a video is compressed, once for all; fewer get gzip that "
        "is not smaller.",
    )
    gzip_max_encoders: int = Field(
        2_000, ge=0, le=100_000, description="Videos that are compressed at once; each takes 36 KB."
    )
    gzip_cpu_share: float = Field(
        0.1,
        gt=0,
        le=1,
        description="Share of its time that a node spends compressing at most; above it, videos with few viewers are "
        "no longer compressed.",
    )

    # History and repairs.
    open_timeout_s: float = Field(
        2.0, gt=0, le=60, description="Seconds that viewers wait for history before they go live without it."
    )
    history_timeout_s: float = Field(1.0, gt=0, le=60, description="Seconds that one comment service may take.")
    history_attempts: int = Field(3, ge=1, le=100, description="Comment services that are asked for one page.")
    history_concurrent: int = Field(8, ge=1, le=1_000, description="Pages of history that are read at a time.")
    history_waiting: int = Field(4_096, ge=0, description="Pages that may wait for their turn.")
    hold_s: float = Field(
        2.0, ge=0, le=60, description="Seconds that events are held at most while what came before them is repaired."
    )
    repair_concurrent: int = Field(4, ge=1, le=1_000, description="Videos that are repaired at a time.")
    repair_pages: int = Field(3, ge=1, le=100, description="Pages of 1,000 comments that a repair reads at most.")
    repair_attempts: int = Field(8, ge=1, le=100, description="Failures in a row after which a repair is given up.")
    departure_lookback_s: float = Field(
        10.0,
        ge=0,
        le=600,
        description="When a comment service is gone, the store is asked for what came within these seconds, and a "
        "ZooKeeper session timeout, before that.",
    )
    poll_every_s: float = Field(
        1.0, gt=0, le=60, description="Seconds between two looks into the store for a video that has no route yet."
    )
    poll_concurrent: int = Field(4, ge=1, le=1_000, description="Videos that are polled at a time.")
    polls_per_s: float = Field(
        200.0,
        gt=0,
        description="Videos that are polled a second at most: a read costs a comment service about 1 ms of CPU, and "
        "while ZooKeeper is away every RMS polls all its videos.",
    )

    # Draining.
    drain_viewers_per_s: float = Field(
        1_000.0, gt=0, description="Viewers sent away a second while draining; faster where the grace period is short."
    )
    reconnect_spread_ms: int = Field(
        3_000, ge=0, le=600_000, description="Milliseconds over which viewers who are sent away come back."
    )

    @model_validator(mode="after")
    def _can_check_and_bring_tokens(self) -> Self:
        if self.jwt_keys_given > 1 or (self.read_needs_token and self.jwt_keys_given != 1):
            raise ValueError(
                "set exactly one of LIVECOMMENTS_RMS_JWT_SECRET, _JWT_PUBLIC_KEY_FILE and _JWT_JWKS_FILE where "
                "LIVECOMMENTS_READ_NEEDS_TOKEN is on"
            )
        own = (self.jwt_secret, self.service_token_file, self.grpc_tls_certificate_file)
        if self.read_needs_token and not any(own):
            raise ValueError(
                "LIVECOMMENTS_READ_NEEDS_TOKEN without LIVECOMMENTS_RMS_JWT_SECRET needs "
                "LIVECOMMENTS_RMS_SERVICE_TOKEN_FILE or LIVECOMMENTS_GRPC_TLS_CERTIFICATE_FILE"
            )
        return self

    # -- what the parts are given ------------------------------------------------------------------------------------

    @property
    def reception_limits(self) -> ReceptionLimits:
        """How requests are answered."""
        return ReceptionLimits(
            last_attempt=self.last_attempt,
            retry_ms=self.retry_ms,
            full_retry_ms=self.full_retry_ms,
            gzip=self.gzip,
        )

    @property
    def h2_limits(self) -> H2Limits:
        """Bounds of one HTTP/2 link."""
        return H2Limits(
            max_streams=self.h2_max_streams,
            max_header_list_bytes=self.h2_header_list_bytes,
            control_frames_per_s=self.h2_control_frames_per_s,
            early_resets_per_s=self.h2_early_resets_per_s,
            max_waiting_bytes=self.h2_waiting_bytes,
            max_buffered_bytes=self.h2_buffer_bytes,
            choke_bytes=self.h2_choke_bytes,
            stalled_after_s=self.h2_stalled_after_s,
        )

    @property
    def hub_limits(self) -> HubLimits:
        """What a hub may hold."""
        return HubLimits(
            max_channels=self.max_channels,
            max_opening=self.max_opening_channels,
            max_held=self.max_held,
            linger_s=self.linger_s,
        )

    @property
    def channel_limits(self) -> ChannelLimits:
        """What one channel may hold."""
        return ChannelLimits(
            max_frames=self.ring_frames,
            max_bytes=self.ring_bytes,
            recent_ids=self.recent_ids,
            group_size=self.group_size,
            chunk_bytes=self.chunk_bytes,
            stalled_after_s=self.stalled_after_s,
            heartbeat_after_s=self.heartbeat_after_s,
            rider_wait_s=self.rider_wait_s,
            viewers_gap_s=self.viewers_gap_s,
            reactions_wait_s=self.reactions_wait_s,
            reactions_gap_s=self.reactions_gap_s,
            reaction_comments=self.reaction_comments,
        )

    @property
    def encoder_limits(self) -> EncoderLimits:
        """Bounds of what compressing takes."""
        return EncoderLimits(
            min_viewers=self.gzip_min_viewers,
            max_encoders=self.gzip_max_encoders,
            cpu_share=self.gzip_cpu_share,
        )
