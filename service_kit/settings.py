"""Settings: one frozen model a process, filled from flags, then the environment, then defaults.

A field's environment variable is ``LIVECOMMENTS_<NAME>`` where all processes share it, else
``LIVECOMMENTS_<PROCESS>_<NAME>``; its flag is the same name without ``LIVECOMMENTS_``, in lower case with dashes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

import structlog
from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from service_kit.errors import SettingsError

ENV_PREFIX = "LIVECOMMENTS_"


def node_config(process: str) -> SettingsConfigDict:
    """The ``model_config`` of a process's settings: ``rms`` reads ``LIVECOMMENTS_RMS_*`` for its own fields."""
    prefix = ENV_PREFIX + process.upper().replace("-", "_") + "_"
    return SettingsConfigDict(frozen=True, env_prefix=prefix, populate_by_name=True, extra="forbid")


class SharedSettings(BaseSettings):
    """What is the same for all processes of a cluster."""

    model_config = SettingsConfigDict(frozen=True, env_prefix=ENV_PREFIX, populate_by_name=True, extra="forbid")

    dc: str = Field(
        "dc1",
        validation_alias="LIVECOMMENTS_DC",
        pattern=r"^[A-Za-z0-9_-]{1,32}$",
        description="Name of the data centre this process runs in.",
    )
    dc_number: int = Field(
        0,
        validation_alias="LIVECOMMENTS_DC_NUMBER",
        ge=0,
        le=15,
        description="Number of the data centre, part of every comment id; differs between data centres.",
    )
    zookeeper: str = Field(
        "127.0.0.1:2181",
        validation_alias="LIVECOMMENTS_ZOOKEEPER",
        min_length=1,
        description="ZooKeeper ensemble, host:port separated by commas.",
    )
    zookeeper_user: str | None = Field(
        None,
        validation_alias="LIVECOMMENTS_ZOOKEEPER_USER",
        description="User for ZooKeeper's SASL DIGEST-MD5.",
    )
    zookeeper_password: SecretStr | None = Field(
        None, validation_alias="LIVECOMMENTS_ZOOKEEPER_PASSWORD", description="Password of that user."
    )
    zookeeper_session_timeout_s: float = Field(
        6.0,
        validation_alias="LIVECOMMENTS_ZOOKEEPER_SESSION_TIMEOUT_S",
        ge=1.0,
        le=120.0,
        description="Seconds without a heartbeat after which ZooKeeper ends a session and its routes.",
    )
    grpc_tls_certificate_file: Path | None = Field(
        None,
        validation_alias="LIVECOMMENTS_GRPC_TLS_CERTIFICATE_FILE",
        description="PEM file with this process's certificate and its chain: with it, the processes speak mutual TLS "
        "with each other (gRPC; Envoy's control plane excepted). Read again when it changes, as are the next two.",
    )
    grpc_tls_key_file: Path | None = Field(
        None, validation_alias="LIVECOMMENTS_GRPC_TLS_KEY_FILE", description="PEM file with its key."
    )
    grpc_tls_authority_file: Path | None = Field(
        None,
        validation_alias="LIVECOMMENTS_GRPC_TLS_AUTHORITY_FILE",
        description="PEM file with the authority that every process's certificate has to be from.",
    )
    grpc_tls_server_name: str | None = Field(
        None,
        validation_alias="LIVECOMMENTS_GRPC_TLS_SERVER_NAME",
        min_length=1,
        description="Name that the others' certificates are for; by default the host that they are reached at.",
    )
    data: Path | None = Field(
        None, validation_alias="LIVECOMMENTS_DATA", description="Data folder of the local cluster."
    )
    log_format: Literal["auto", "json", "console"] = Field(
        "auto",
        validation_alias="LIVECOMMENTS_LOG_FORMAT",
        description="auto: key=value on a terminal, JSON otherwise.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", validation_alias="LIVECOMMENTS_LOG_LEVEL", description="Least severe level that is logged."
    )

    @model_validator(mode="after")
    def _has_all_of_tls(self) -> Self:
        given = (self.grpc_tls_certificate_file, self.grpc_tls_key_file, self.grpc_tls_authority_file)
        if any(given) and not all(given):
            raise ValueError("gRPC's TLS needs LIVECOMMENTS_GRPC_TLS_CERTIFICATE_FILE, _KEY_FILE and _AUTHORITY_FILE")
        return self


class NodeSettings(SharedSettings):
    """What every node has, under its process's own prefix. Subclasses set ``model_config = node_config(...)``."""

    node_id: str = Field(
        "node-1",
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="Name of this node, unique in the data centre and stable over restarts.",
    )
    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on and to give to the other nodes.")
    admin_port: int = Field(0, ge=0, le=65535, description="Port of /metrics, /healthz and /readyz; 0: a free one.")
    grace_s: float = Field(
        10.0,
        ge=0.0,
        le=3600.0,
        description="Seconds that draining may take after SIGTERM before the process ends.",
    )


SettingsT = TypeVar("SettingsT", bound=SharedSettings)


def env_name(model: type[SharedSettings], field: str) -> str:
    """The environment variable of a field."""
    alias = model.model_fields[field].validation_alias
    if isinstance(alias, str):
        return alias
    return str(model.model_config.get("env_prefix", ENV_PREFIX)) + field.upper()


def flag_name(model: type[SharedSettings], field: str) -> str:
    """The command line flag of a field, e.g. ``--rms-max-viewers``."""
    return "--" + env_name(model, field).removeprefix(ENV_PREFIX).lower().replace("_", "-")


def load(model: type[SettingsT], flags: Mapping[str, object] | None = None) -> SettingsT:
    """Builds ``model`` from ``flags`` (field name → value; None: not given) over the environment over defaults.

    Raises ``SettingsError`` naming the environment variable and the flag of the first field that does not fit.
    """
    given: dict[str, Any] = {name: value for name, value in (flags or {}).items() if value is not None}
    try:
        return model(**given)
    except ValidationError as error:
        raise SettingsError(_explain(model, error)) from None


def warn_of_unknown_variables(model: type[SharedSettings], environment: Mapping[str, str] = os.environ) -> None:
    """Logs each variable under ``model``'s own prefix that none of its fields has: a typo, which would go unnoticed.

    To be called once logs are configured.
    """
    prefix = str(model.model_config.get("env_prefix", ENV_PREFIX))
    known = {env_name(model, field).removeprefix(prefix) for field in model.model_fields}
    for variable in sorted(map(str.upper, environment)):
        name = variable.removeprefix(prefix)
        if name != variable and name not in known:
            close = get_close_matches(name, known, n=1)
            meant = {"did_you_mean": prefix + close[0]} if close else {}
            structlog.get_logger().warning("unknown_setting", variable=variable, **meant)


def _explain(model: type[SharedSettings], error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    where = str(first["loc"][0]) if first["loc"] else ""
    by_env = {env_name(model, name): name for name in model.model_fields}
    field = by_env.get(where, where)
    if field not in model.model_fields:
        return f"settings: {first['msg']}" + (f" ({where})" if where else "")
    secret = "password" in field or "secret" in field
    value = "" if secret else f", got {first['input']!r}"
    return f"{env_name(model, field)} ({flag_name(model, field)}): {first['msg']}{value}"
