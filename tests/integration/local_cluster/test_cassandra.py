"""What the local cluster says where Cassandra cannot be had, and two nodes that are one cluster."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from comment_service.comment import Comment
from comment_service.store import StoreError
from comment_service.store.cassandra import CassandraStore
from ops.local_cluster.cassandra import CassandraMissingError, CassandraServer, find_java
from ops.local_cluster.cassandra_jars import fetch_jars, have_jars, jar_folder
from tests.support.cassandra import DURABLE, options_of, require_cassandra
from tests.support.eventually import eventually


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A user's cache without anything in it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert not have_jars()
    return tmp_path / "cache"


def a_program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


async def test_a_machine_without_maven(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(cache))
    with pytest.raises(CassandraMissingError, match=r"there is no mvn; install it: apt-get install .* maven"):
        await fetch_jars()


async def test_a_maven_that_cannot_fetch_leaves_nothing_behind(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_program(cache / "bin", "mvn", "echo '[ERROR] Could not transfer artifact'; echo '[ERROR] more'; exit 1")
    monkeypatch.setenv("PATH", f"{cache / 'bin'}:{os.environ['PATH']}")
    with pytest.raises(CassandraMissingError, match=r"Could not transfer artifact$"):
        await fetch_jars()
    assert not have_jars()
    assert list(jar_folder().parent.iterdir()) == []


async def test_a_java_that_cassandra_does_not_run_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_program(tmp_path / "bin", "java", "echo 'openjdk version \"21.0.4\" 2024-07-16' >&2")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(CassandraMissingError, match="runs on Java 17 or 11, and here is Java 21; set JAVA_HOME"):
        await find_java()


async def test_a_machine_without_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(CassandraMissingError, match="needs Java 17 or 11, and there is none; install it"):
        await find_java()


@pytest.fixture
def there_is_cassandra() -> None:
    require_cassandra()


@pytest.mark.slow
@pytest.mark.usefixtures("there_is_cassandra")
async def test_what_is_said_in_one_data_centre_is_there_in_the_other(tmp_path: Path) -> None:
    first = CassandraServer(tmp_path / "1", dc="dc1", options=DURABLE)
    second = CassandraServer(tmp_path / "2", dc="dc2", host="127.0.0.2", options=DURABLE, joins=first)
    try:
        await first.start()
        await second.start()
        replication = {"dc1": 1, "dc2": 1}
        here = CassandraStore(options_of(first, replication=replication))
        there = CassandraStore(options_of(second, replication=replication))
        await eventually(lambda: _starts(here), timeout_s=60, what="the first node to know of the second's data centre")
        await there.start()
        comment = Comment(1 << 50, "match-42", "u-1", "Ada", "hello")
        await here.comments.add(comment)

        async def arrived() -> bool:
            return await there.comments.before("match-42", None, 10) == [comment]

        await eventually(arrived, timeout_s=30, what="the comment in the other data centre")
        # Each goes on without the other.
        await second.process.kill9()
        await here.comments.add(Comment(2 << 50, "match-42", "u-1", "Ada", "alone"))
        assert len(await here.comments.before("match-42", None, 10)) == 2
        await there.aclose()
        await here.aclose()
    finally:
        for server in (second, first):
            await server.stop()


async def _starts(store: CassandraStore) -> bool:
    try:
        await store.start()
    except StoreError:
        return False
    return True
