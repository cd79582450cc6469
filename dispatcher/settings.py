"""A dispatcher's settings: ``LIVECOMMENTS_DISPATCHER_*``."""

from __future__ import annotations

from pydantic import Field

from service_kit.settings import NodeSettings, node_config


class DispatcherSettings(NodeSettings):
    """What can be set of a dispatcher."""

    model_config = node_config("dispatcher")

    node_id: str = Field(
        default="dispatcher-1",
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="Name of this node, unique in the data centre and stable over restarts.",
    )
    grpc_port: int = Field(default=0, ge=0, le=65535, description="Port of Publish and Relay; 0: a free one.")
    peers: dict[str, list[str]] = Field(
        default={},
        description='Dispatchers of each peer data centre, JSON: {"dc2": ["host:port", "host:port"]}.',
    )
    max_publishers: int = Field(default=500, ge=1, description="Publish and Relay streams open at once.")
    outbox_events: int = Field(default=20_000, ge=1, description="Events and heads that may wait for one RMS.")
    outbox_bytes: int = Field(default=64 * 1024 * 1024, ge=1, description="Bytes that those may take.")
    outbox_window: int = Field(default=4, ge=1, le=64, description="Unacknowledged batches to one receiver.")
    outbox_ack_timeout_s: float = Field(
        default=2.0, gt=0, description="Seconds without an acknowledgement after which a receiver counts as hung."
    )
    outbox_abandon_s: float = Field(
        default=10.0, ge=0, description="Seconds that an RMS may be neither member nor reachable and keep its outbox."
    )
    relay_events: int = Field(
        default=50_000, ge=1, description="Events and heads that may wait for one peer data centre."
    )
    relay_bytes: int = Field(default=128 * 1024 * 1024, ge=1, description="Bytes that those may take.")
    viewers_every_s: float = Field(
        default=5.0, gt=0, le=3600, description="Seconds at least between two totals of a video's viewers."
    )
    viewers_grace_s: float = Field(
        default=5.0,
        ge=0,
        le=600,
        description="Seconds that an RMS's viewers count on when its stream broke: they may still be there.",
    )
    viewer_counts: int = Field(
        default=500_000, ge=1, description="Numbers of viewers kept, one of each video at each RMS; 350 bytes each."
    )
    recent_s: float = Field(default=5.0, gt=0, description="Seconds of events that a new route is given.")
    recent_events_per_video: int = Field(default=500, ge=1, description="At most so many of them for one video.")
    recent_events: int = Field(default=50_000, ge=1, description="Recent events kept in all.")
    recent_bytes: int = Field(default=64 * 1024 * 1024, ge=1, description="Bytes that those may take.")
