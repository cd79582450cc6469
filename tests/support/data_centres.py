"""Real data centres for tests, each a cluster within a test's reach."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ops.local_cluster.cassandra import CassandraOptions
from ops.local_cluster.data_centres import DataCentres
from ops.local_cluster.layout import DataFolder
from tests.support.cassandra import DURABLE
from tests.support.cluster import Cluster, options_for_tests, running


@contextmanager
def running_data_centres(
    folder: Path,
    number: int = 2,
    *,
    rms: int = 1,
    dispatchers: int = 1,
    store: str = "sqlite",
    cassandra: CassandraOptions = DURABLE,
    **settings: str,
) -> Iterator[DataCentres[Cluster]]:
    """For the length of the ``with``; as ``running_cluster``."""
    options = replace(options_for_tests(rms, dispatchers, store, settings), cassandra=cassandra)
    centres = DataCentres(DataFolder(folder), options, number, make=Cluster)
    with running(centres):
        yield centres
