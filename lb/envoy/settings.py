"""Settings of the edge: Envoy's bootstrap, and the control plane that feeds it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from service_kit.settings import NodeSettings, SharedSettings, node_config

_ADDRESS = r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}"
MIB = 1024 * 1024


class EnvoySettings(SharedSettings):
    """What Envoy's bootstrap is written from; ``LIVECOMMENTS_ENVOY_*``."""

    model_config = node_config("envoy")

    node_id: str = Field(
        "envoy-1", pattern=r"^[A-Za-z0-9_-]{1,64}$", description="Name under which this Envoy asks for endpoints."
    )
    host: str = Field("0.0.0.0", min_length=1, description="Address that viewers connect to.")  # noqa: S104
    port: int = Field(8080, ge=1, le=65535, description="Port that viewers connect to.")
    admin_host: str = Field(
        "127.0.0.1", min_length=1, description="Address of Envoy's admin port; whoever reaches it can stop Envoy."
    )
    admin_port: int = Field(9901, ge=1, le=65535, description="Port of /ready, /stats/prometheus and the rest.")
    xds: str = Field(
        "127.0.0.1:9090",
        pattern=rf"^{_ADDRESS}(,{_ADDRESS})*$",
        description="Control planes, host:port separated by commas; any one of them is enough.",
    )
    concurrency: int = Field(0, ge=0, le=256, description="Worker threads; 0: one per core.")
    rms_link: Literal["h2", "http1"] = Field(
        "h2", description="Towards the RMS: h2, viewers as streams of a connection a worker; http1, a connection each."
    )

    tls_certificate_file: Path | None = Field(None, description="PEM chain; with the key: TLS with HTTP/2 by ALPN.")
    tls_key_file: Path | None = Field(None, description="PEM private key of that certificate.")
    trusted_hops: int = Field(
        0, ge=0, le=10, description="Proxies in front whose X-Forwarded-For is believed; 0: viewers connect directly."
    )

    rms_ping_timeout_s: float = Field(
        1.0,
        ge=0.1,
        le=60,
        description="Over rms_link h2: seconds that a node may take to answer the PING that it gets every second; then "
        "it counts as hung and its viewers are sent away.",
    )
    rms_receive_buffer_bytes: int = Field(
        256 * 1024,
        ge=16 * 1024,
        le=64 * MIB,
        description="Over rms_link h2: bytes of a node's connection that the kernel holds until Envoy has read them.",
    )
    rms_attempts: int = Field(
        4,
        ge=1,
        le=64,
        description="RMS nodes that a new viewer is offered to; a hot video spreads over no more than these.",
    )
    request_timeout_s: float = Field(10.0, gt=0, le=300, description="Seconds for a post or a read, retries included.")
    image_timeout_s: float = Field(
        120.0, gt=0, le=3600, description="Seconds for the answer to an upload, or for a viewer to take an image."
    )
    upload_timeout_s: float = Field(30.0, gt=0, le=600, description="Seconds in which a request must have arrived.")
    idle_timeout_s: float = Field(60.0, gt=0, le=3600, description="Seconds that a connection without requests stays.")
    dead_viewer_timeout_s: float = Field(
        20.0, ge=1, le=600, description="Seconds without acknowledgement of sent bytes after which a viewer is gone."
    )

    max_connections: int = Field(
        50_000,
        ge=10,
        le=10_000_000,
        description="Viewers' connections; over rms_link http1 a watching one takes two descriptors.",
    )
    max_streams_per_connection: int = Field(
        100, ge=1, le=100_000, description="Concurrent requests of one HTTP/2 connection."
    )
    max_requests_per_connection: int = Field(
        10_000, ge=1, le=1_000_000_000, description="Requests after which a connection is closed when it is done."
    )
    max_header_kb: int = Field(32, ge=1, le=96, description="KiB of a request's headers and URL together.")
    max_headers: int = Field(100, ge=10, le=1000, description="Headers of a request.")
    max_body_bytes: int = Field(64 * 1024, ge=1024, le=64 * MIB, description="Bytes of a request's body.")
    buffer_bytes: int = Field(
        64 * 1024, ge=4096, le=16 * MIB, description="Bytes of a connection held by Envoy, and again by the kernel."
    )
    max_heap_bytes: int = Field(
        4096 * MIB, ge=64 * MIB, description="Memory of Envoy; above 95 % of it new requests are refused."
    )

    access_log: str | None = Field(
        None, min_length=1, description="File for one JSON line a request, or /dev/stdout; off by default."
    )

    @model_validator(mode="after")
    def _check_tls(self) -> Self:
        if (self.tls_certificate_file is None) != (self.tls_key_file is None):
            raise ValueError("TLS needs both LIVECOMMENTS_ENVOY_TLS_CERTIFICATE_FILE and _TLS_KEY_FILE")
        return self


class XdsSettings(NodeSettings):
    """The control plane; ``LIVECOMMENTS_XDS_*``."""

    model_config = node_config("xds")

    node_id: str = Field("xds-1", pattern=r"^[A-Za-z0-9_-]{1,64}$", description="Name of this control plane in logs.")
    port: int = Field(9090, ge=0, le=65535, description="gRPC port that Envoy asks; 0: a free one.")
    max_streams: int = Field(
        256, ge=1, le=1000, description="Subscriptions served at once; each Envoy holds one a cluster."
    )
