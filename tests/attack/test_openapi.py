"""schemathesis: requests of every form that the description allows, and of many that it does not.

What is answered has to be as described. The stream has no end; ``tests/e2e/contract`` asks for it.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import load_all_checks

from comment_service.openapi import document
from tests.support.cluster import Cluster

load_all_checks()
# What a text has to be cannot all be said in JSON Schema: 400 is a right answer to what only looks good.
UNFIT = ["positive_data_acceptance"]
CONFIG = schemathesis.Config.from_dict(
    {
        "generation": {"deterministic": True, "max-examples": 8, "with-security-parameters": False},
        # QUERY without a Content-Type is malformed (RFC 10008), and Envoy says so with 400.
        "phases": {"coverage": {"unexpected-methods": ["get", "put", "post", "delete", "patch", "options", "trace"]}},
        "checks": {name: {"enabled": False} for name in UNFIT},
    }
)
DESCRIBED = schemathesis.openapi.from_dict(document(), config=CONFIG).exclude(path_regex="/stream$")


@pytest.fixture(scope="session")
def admin(cluster: Cluster) -> dict[str, str]:
    """Who may do everything."""
    return {"Authorization": f"Bearer {asyncio.run(cluster.token('prober', role='admin'))}"}


@DESCRIBED.parametrize()
@settings(max_examples=8, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_answer_is_as_described(case: schemathesis.Case[Any], cluster: Cluster, admin: dict[str, str]) -> None:
    case.call_and_validate(base_url=cluster.url, headers=admin, timeout=30)
