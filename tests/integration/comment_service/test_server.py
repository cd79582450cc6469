"""The process as a whole, with a real ZooKeeper: joins, serves, goes on without ZooKeeper, drains."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from comment_service.server import CommentServiceServer
from comment_service.settings import CommentServiceSettings
from coordination.membership import MembershipView, Role
from coordination.session import ZooKeeperSession
from ops.local_cluster.zookeeper import ZooKeeperServer
from service_kit.errors import StartupError
from service_kit.settings import load
from tests.integration.comment_service.edges import SECRET, VIDEO, Http
from tests.support.admin_port import metric, readiness
from tests.support.eventually import eventually


def settings_for(zookeeper: ZooKeeperServer, dc: str, folder: Path, **flags: object) -> CommentServiceSettings:
    given: dict[str, object] = {"dc": dc, "data": folder, "jwt_secret": SECRET, "grace_s": 5.0}
    return load(CommentServiceSettings, given | {"zookeeper": zookeeper.hosts} | flags)


@pytest.fixture
async def service(zookeeper: ZooKeeperServer, dc: str, tmp_path: Path) -> AsyncIterator[CommentServiceServer]:
    server = CommentServiceServer(settings_for(zookeeper, dc, tmp_path))
    await server.start()
    yield server
    await server.aclose()


@pytest.fixture
async def members(zookeeper: ZooKeeperServer, dc: str) -> AsyncIterator[MembershipView]:
    session = ZooKeeperSession(zookeeper.hosts, dc=dc)
    await session.start()
    view = MembershipView(session, Role.COMMENT_SERVICE)
    await view.start()
    yield view
    await view.aclose()
    await session.aclose()


async def waiting_writes(admin: Http) -> bool:
    metrics = (await admin.get("/metrics")).body
    return b"livecomments_comment_service_write_queue_length 1.0" in metrics


async def test_it_is_found_by_its_membership_and_serves_both_apis(
    service: CommentServiceServer, members: MembershipView
) -> None:
    record = members.nodes["comment-service-1"]
    assert record.http == f"127.0.0.1:{service.http_port}"
    assert record.admin == f"127.0.0.1:{service.admin_port}"
    http = Http(service.http_port)
    comment = await http.comment("hello")
    assert comment["content"] == "hello"
    assert record.grpc is not None
    async with grpc.aio.insecure_channel(record.grpc) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        answer = await health.Check(health_pb2.HealthCheckRequest(service="livecomments.v1.CommentService"))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    http.close()


async def test_the_admin_port_tells_how_it_is(service: CommentServiceServer) -> None:
    http, admin = Http(service.http_port), Http(service.admin_port)
    await http.comment("hello")
    await http.get("/nothing")
    assert (await admin.get("/healthz")).status == 200
    assert (await admin.get("/readyz")).status == 200
    metrics = (await admin.get("/metrics")).body.decode()
    for line in (
        "livecomments_comment_service_posts_accepted_total 1.0",
        "livecomments_comment_service_comments_stored_total 1.0",
        'livecomments_comment_service_requests_refused_total{edge="http",reason="not_found"} 1.0',
        "livecomments_comment_service_write_queue_length 0.0",
        "livecomments_comment_service_write_batch_size_count 1.0",
        'livecomments_comment_service_request_seconds_count{edge="http",operation="POST comments"} 1.0',
    ):
        assert line in metrics
    http.close()
    admin.close()


async def test_draining_answers_what_came_in_and_takes_nothing_new(
    service: CommentServiceServer, members: MembershipView, tmp_path: Path
) -> None:
    http, admin = Http(service.http_port), Http(service.admin_port)
    other = sqlite3.connect(service.settings.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    posting = asyncio.create_task(http.post(f"/comments/{VIDEO}", {"content": "in flight"}))
    await eventually(lambda: waiting_writes(admin))
    draining = asyncio.create_task(service.drain())
    await eventually(lambda: not members.nodes or members.nodes["comment-service-1"].draining)
    assert (await admin.get("/readyz")).json == {"status": "not ready", "reasons": ["draining"]}
    assert (await admin.get("/healthz")).status == 200
    other.execute("ROLLBACK")
    other.close()
    assert (await posting).status == 201
    await draining
    with pytest.raises(ConnectionRefusedError):
        await http.get(f"/comments/{VIDEO}")
    http.close()
    admin.close()


async def test_of_two_with_one_node_id_the_earlier_is_not_ready_until_the_later_is_gone(
    service: CommentServiceServer, zookeeper: ZooKeeperServer, dc: str, tmp_path: Path
) -> None:
    later = CommentServiceServer(settings_for(zookeeper, dc, tmp_path, sqlite_path=tmp_path / "later.sqlite3"))
    await later.start()

    async def is_displaced() -> bool:
        return (await readiness(service.admin_port)).reasons == ["another process has this node id"]

    async def is_ready() -> bool:
        return (await readiness(service.admin_port)).status == 200

    _: bool = await eventually(is_displaced)
    workers = [await metric(server.admin_port, "livecomments_comment_service_worker") for server in (service, later)]
    assert workers[0] != workers[1], "their ids stay apart"
    await later.aclose()
    _ = await eventually(is_ready)


async def test_posts_go_on_while_zookeeper_is_gone(own_zookeeper: ZooKeeperServer, dc: str, tmp_path: Path) -> None:
    server = CommentServiceServer(settings_for(own_zookeeper, dc, tmp_path))
    await server.start()
    http = Http(server.http_port)
    await own_zookeeper.stop()
    for n in range(20):
        await http.comment(f"comment {n}")
    assert len((await http.get(f"/comments/{VIDEO}")).json["comments"]) == 20
    http.close()
    await server.aclose()


async def test_starting_and_closing_twice_is_as_good_as_once(
    zookeeper: ZooKeeperServer, dc: str, tmp_path: Path
) -> None:
    server = CommentServiceServer(settings_for(zookeeper, dc, tmp_path))
    await server.start()
    port = server.http_port
    await server.start()
    assert server.http_port == port
    await server.aclose()
    await server.aclose()


async def test_what_keeps_it_from_starting_is_one_clear_line(
    zookeeper: ZooKeeperServer, dc: str, tmp_path: Path, service: CommentServiceServer
) -> None:
    (tmp_path / "file").touch()
    wrong: list[tuple[dict[str, object], str]] = [
        ({"http_port": service.http_port}, f"HTTP port 127.0.0.1:{service.http_port}"),
        ({"sqlite_path": tmp_path / "file" / "db"}, "db"),
        ({"jwt_secret": "short"}, "32 bytes"),
        ({"jwt_secret": None, "jwt_public_key_file": tmp_path / "missing.pem"}, "missing.pem"),
    ]
    for flags, says in wrong:
        server = CommentServiceServer(settings_for(zookeeper, dc, tmp_path, node_id="other", **flags))
        with pytest.raises(StartupError, match=says) as refused:
            await server.start()
        assert "\n" not in str(refused.value)
        await server.aclose()
