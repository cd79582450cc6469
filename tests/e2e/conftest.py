"""One cluster for all end-to-end tests, and one for a test that breaks it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.cluster import Cluster, running_cluster


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Shared by all tests, each with videos of its own. An RMS takes 100 viewers of one video."""
    folder = tmp_path_factory.mktemp("cluster")
    with running_cluster(folder, RMS_MAX_VIEWERS_PER_VIDEO="100") as cluster:
        yield cluster


@pytest.fixture
def own_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """For one test alone, which may kill, pause and restart its parts."""
    with running_cluster(tmp_path_factory.mktemp("own-cluster")) as cluster:
        yield cluster
