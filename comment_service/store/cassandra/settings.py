"""Settings of the Cassandra store; ``livecomments schema apply`` has them too."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, field_validator

from service_kit.settings import SharedSettings, node_config


class CassandraSettings(SharedSettings):
    """``LIVECOMMENTS_COMMENT_SERVICE_CASSANDRA_*``."""

    model_config = node_config("comment_service")

    cassandra_contact_points: str = Field(
        "127.0.0.1", min_length=1, description="Host names or addresses of some of Cassandra's nodes, by commas."
    )
    cassandra_port: int = Field(9042, ge=1, le=65535, description="Port of their native protocol.")
    cassandra_keyspace: str = Field(
        "livecomments", pattern=r"^[a-z][a-z0-9_]{0,47}$", description="Keyspace of this cluster's comments."
    )
    cassandra_local_dc: str | None = Field(
        None, min_length=1, description="Cassandra's data centre whose nodes are asked; by default LIVECOMMENTS_DC."
    )
    cassandra_replication: str | None = Field(
        None,
        description="Copies in each data centre, e.g. dc1:3,dc2:3, for the keyspace where it has to be created; by"
        " default 3 in the local one, or as many as it has nodes.",
    )
    cassandra_user: str | None = Field(None, min_length=1, description="User of Cassandra, where it asks for one.")
    cassandra_password: SecretStr | None = Field(None, description="Password of that user.")
    cassandra_ca_file: Path | None = Field(
        None, description="PEM file with the authority that signed the nodes' certificates; unset: no TLS."
    )
    cassandra_connect_timeout_s: float = Field(5.0, gt=0, le=120, description="Seconds that connecting may take.")
    cassandra_timeout_s: float = Field(
        2.0, gt=0, le=60, description="Seconds that one request may take, and that one may wait for its turn."
    )
    cassandra_speculate_after_s: float = Field(
        0.1, gt=0, le=60, description="Seconds after which a read is asked of a second node too."
    )
    cassandra_max_requests: int = Field(
        128, ge=1, le=10_000, description="Reads, and as many writes, that are under way at a time."
    )
    cassandra_batch: int = Field(
        20, ge=1, le=100, description="Writes of one video that go as one request where they wait anyway."
    )

    @field_validator("cassandra_replication")
    @classmethod
    def _is_replication(cls, value: str | None) -> str | None:
        if value is not None:
            replication_of(value)
        return value


def replication_of(text: str) -> dict[str, int]:
    """``dc1:3,dc2:3`` → ``{"dc1": 3, "dc2": 3}``. Raises ``ValueError``."""
    copies: dict[str, int] = {}
    for part in text.split(","):
        dc, _, number = part.strip().rpartition(":")
        if not dc or "'" in dc or not number.isdecimal() or not 0 < int(number) < 100:
            raise ValueError("is data centre:copies, separated by commas, e.g. dc1:3,dc2:3")
        copies[dc] = int(number)
    return copies
