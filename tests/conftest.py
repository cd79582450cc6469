"""What all tests share: one real ZooKeeper and one Cassandra, and a data centre of its own for each test."""

from __future__ import annotations

import asyncio
import signal
import uuid
from collections import Counter
from collections.abc import Iterator

import hypothesis
import pytest

from ops.local_cluster.zookeeper import Ensemble, ZooKeeperServer
from tests.support.cassandra import SharedCassandra, shared_cassandra
from tests.support.examples import LONG_RUN, examples
from tests.support.sharing_out import SharingOut, turn_of
from tests.support.zookeeper import FAST

# A Cassandra takes 5 s to start, on a very busy machine minutes, on the clock of the first test that wants it.
WITH_CASSANDRA_S = 400

LONGEST_ID = 100  # characters of a value in a test's id

# The same examples in every run but the long ones: what fails once fails again.
hypothesis.settings.register_profile(
    "livecomments", max_examples=examples(100), deadline=None, derandomize=not LONG_RUN, database=None
)
hypothesis.settings.load_profile("livecomments")


def pytest_configure() -> None:
    # A run in a shell's background ignores Ctrl-C, and so would every command that a test starts and interrupts.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A long value is called by its argument (pytest numbers them): a token made while collecting, with its second
    in it, would be another test in each of xdist's processes, and a body of 1 MB a name of 1 MB."""
    return argname if isinstance(val, str | bytes) and len(val) > LONGEST_ID else None


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> SharingOut:
    config.option.loadscopereorder = False
    return SharingOut(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    twice = [nodeid for nodeid, number in Counter(item.nodeid for item in items).items() if number > 1]
    if twice:  # xdist would run one of them and say nothing of the others
        raise pytest.UsageError(f"{len(twice)} test ids stand for several tests, such as {twice[0]}")
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: turn_of(item.nodeid))
    for item in items:
        if any("cassandra" in name for name in (item.name, *getattr(item, "fixturenames", ()))):
            item.add_marker(pytest.mark.timeout(WITH_CASSANDRA_S))


@pytest.fixture(scope="session")
def zookeeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZooKeeperServer]:
    """A real ZooKeeper that all tests share. A test that stops or pauses one takes ``own_zookeeper``."""
    server = ZooKeeperServer(tmp_path_factory.mktemp("zookeeper"), options=FAST)
    asyncio.run(server.start())
    yield server
    asyncio.run(server.stop())


@pytest.fixture
def own_zookeeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZooKeeperServer]:
    """A real ZooKeeper for one test alone, which may stop, pause, kill and restart it."""
    server = ZooKeeperServer(tmp_path_factory.mktemp("own-zookeeper"), options=FAST)
    asyncio.run(server.start())
    yield server
    asyncio.run(server.stop())


@pytest.fixture
def ensemble(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ensemble]:
    """Three real ZooKeepers for one test alone."""
    servers = Ensemble(tmp_path_factory.mktemp("ensemble"), options=FAST)
    asyncio.run(servers.start())
    yield servers
    asyncio.run(servers.stop())


@pytest.fixture(scope="session")
def cassandra(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedCassandra]:
    """A real Cassandra that all tests share. A test that stops or pauses one takes ``own_cassandra``."""
    with shared_cassandra(tmp_path_factory.mktemp("cassandra")) as shared:
        yield shared


@pytest.fixture
def dc() -> str:
    """The name of a data centre that no other test uses."""
    return f"dc-{uuid.uuid4().hex[:12]}"
