"""``livecomments up --store cassandra``: one command, and what was said is there the next time."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.local_cluster.ports import free_port
from tests.support.cassandra import require_cassandra
from tests.support.command import run, running

SMALL = ("--rms", "1", "--dispatchers", "1", "--store", "cassandra")
STARTED_S = 120.0


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder, where there is a Cassandra to be had."""
    require_cassandra()
    return tmp_path / "data"


@pytest.mark.slow
async def test_cassandra_comes_up_with_it_and_keeps_what_was_said(data: Path) -> None:
    port = free_port()
    up = ("up", *SMALL, "--data", str(data), "--port", str(port))
    where = ("--url", f"http://127.0.0.1:{port}")
    async with running(*up) as command:
        await command.said("livecomments is up", timeout_s=STARTED_S)
        assert any(" cassandra is up" in line for line in command.lines)
        async with running("watch", "match-42", *where) as watcher:
            await watcher.said("connected", timeout_s=STARTED_S)
            posted = await run("post", "match-42", "What a goal", *where, "--data", str(data))
            assert posted.status == 0, posted.stderr
            await watcher.said("What a goal")
        command.interrupt()
        assert await command.ended() == 0
    async with running(*up) as command:
        await command.said("livecomments is up", timeout_s=STARTED_S)
        async with running("watch", "match-42", *where) as watcher:
            await watcher.said("What a goal")
        command.interrupt()
        assert await command.ended() == 0
