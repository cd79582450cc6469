"""A cluster for each test, to be broken."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.cluster import Cluster, running_cluster


@pytest.fixture
def own_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """For one test alone, which may kill, pause and restart its parts."""
    with running_cluster(tmp_path_factory.mktemp("own-cluster")) as cluster:
        yield cluster
