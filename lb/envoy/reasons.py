"""Why the control plane leaves something out or refuses it: the same words in logs and metrics."""

from __future__ import annotations

from enum import StrEnum


class OmissionReason(StrEnum):
    """Why a registered node is not among the endpoints."""

    NO_HTTP_ADDRESS = "no_http_address"
    NOT_AN_IP_ADDRESS = "not_an_ip_address"


class RefusalReason(StrEnum):
    """Why a subscription is ended."""

    TOO_MANY_STREAMS = "too_many_streams"
    TOO_MANY_RESOURCES = "too_many_resources"
    WRONG_TYPE = "wrong_type"
