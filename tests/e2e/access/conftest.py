"""A cluster where reading needs a token and only who is watching may post."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.support.cluster import Cluster, running_cluster


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Through Envoy, with all that guards it on."""
    settings = {
        "READ_NEEDS_TOKEN": "true",
        "POST_NEEDS_TICKET": "true",
        "RMS_TICKET_LIFETIME_S": "60",
        "COMMENT_SERVICE_PASSWORD_MEMORY_KIB": "8",
        "COMMENT_SERVICE_PASSWORD_PASSES": "1",
        "LOG_LEVEL": "debug",
        "ENVOY_ACCESS_LOG": "/dev/stderr",
    }
    with running_cluster(tmp_path_factory.mktemp("guarded"), rms=2, dispatchers=1, **settings) as cluster:
        yield cluster


@pytest.fixture
def video() -> str:
    """One that no other test uses."""
    return f"access-{uuid.uuid4().hex[:12]}"
