"""A whole cluster under attack, and what must be as it was afterwards."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import grpc
import pytest

from ops.client import CommentsApi, HttpClient
from service_kit.grpc_client import open_channel
from tests.support.cluster import Cluster, running_cluster

Rows = dict[str, list[tuple[object, ...]]]


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One RMS, one dispatcher, one comment service; afterwards none of them has logged a traceback."""
    with running_cluster(tmp_path_factory.mktemp("attacked"), rms=1, dispatchers=1) as cluster:
        asyncio.run(_witness(cluster))
        yield cluster
        logs = {path.name: path.read_text() for path in (cluster.folder.path / "logs").glob("*.log")}
        assert len(logs) >= 4
        for name, log in logs.items():
            for sign in ("Traceback", "http_handler_failed", "grpc_call_failed", "Uncaught exception"):
                assert sign not in log, f"{name}: {log[log.index(sign) - 500 : log.index(sign) + 2_000]}"


async def _witness(cluster: Cluster) -> None:
    """A comment, a report of it, a ban and an account, which are to outlive the attack."""
    bodies = {
        "POST /auth/register": {"username": "ada", "password": "correct horse battery"},
        "POST /comments/witness": {"content": "I was here"},
        "PUT /moderation/bans/u-9": {"reason": "witness"},
    }
    token = await cluster.token("ada", role="admin")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    async with HttpClient(cluster.url) as http:
        for request, body in bodies.items():
            method, path = request.split()
            answer = await http.request(method, path, headers=headers, body=json.dumps(body).encode())
            assert answer.status < 300, answer
        comment = await anext(CommentsApi(http).after("witness", "0"))
        path = f"/comments/witness/{comment['commentId']}/reports"
        assert (await http.request("POST", path, headers=headers, body=b'{"reason": "x"}')).status == 202


def origin(cluster: Cluster, way: str) -> str:
    """``envoy``: as everybody comes in; ``direct``: past it."""
    (service,) = cluster.comment_services.values()
    return cluster.url if way == "envoy" else f"http://{service.address('HTTP_PORT')}"


@pytest.fixture(params=["envoy", "direct"])
async def http(request: pytest.FixtureRequest, cluster: Cluster) -> AsyncIterator[HttpClient]:
    async with HttpClient(origin(cluster, request.param), max_connections=8, timeout_s=30) as client:
        yield client


@pytest.fixture
async def channel(cluster: Cluster) -> AsyncIterator[grpc.aio.Channel]:
    """To the comment service."""
    (service,) = cluster.comment_services.values()
    async with open_channel(service.address("GRPC_PORT")) as channel:
        yield channel


def rows(cluster: Cluster) -> Rows:
    """Everything that is stored, and the shape of it."""
    with closing(sqlite3.connect(cluster.folder.path / "comments.sqlite3")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        schema = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY 1").fetchall()
        stored = {name: database.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall() for name, _ in schema}
        return stored | {"schema": schema}
