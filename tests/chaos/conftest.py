"""A cluster for each test, to be broken, over both links between Envoy and the RMS."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.cluster import Cluster, running_cluster


@pytest.fixture(params=["h2", "http1"])
def rms_link(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def own_cluster(tmp_path_factory: pytest.TempPathFactory, rms_link: str) -> Iterator[Cluster]:
    """For one test alone, which may kill, pause and restart its parts."""
    with running_cluster(tmp_path_factory.mktemp("own-cluster"), ENVOY_RMS_LINK=rms_link) as cluster:
        yield cluster
