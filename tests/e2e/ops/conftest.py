"""Where the client commands find the tests' cluster."""

from __future__ import annotations

import uuid

import pytest

from tests.support.cluster import Cluster


@pytest.fixture
def at_cluster(cluster: Cluster) -> dict[str, str]:
    """The environment of a command that is to find the cluster's secret and addresses."""
    return {"LIVECOMMENTS_DATA": str(cluster.folder.path)}


@pytest.fixture
def video() -> str:
    """One that no other test uses."""
    return f"ops-{uuid.uuid4().hex[:12]}"
