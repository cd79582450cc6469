"""Two comment services, found by each other through a real ZooKeeper, bound what is asked of them together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from comment_service.server import CommentServiceServer
from comment_service.settings import CommentServiceSettings
from ops.local_cluster.zookeeper import ZooKeeperServer
from service_kit.settings import load
from tests.integration.comment_service.edges import SECRET, VIDEO, Http, bearer
from tests.support.admin_port import metric
from tests.support.eventually import eventually

LIMITS = {"rate_posts_per_user": "6/hour", "rate_posts_per_video": "20/hour", "rate_per_address": "12/hour"}


class Two:
    """Two comment services of one data centre. Each has a store of its own: only the limits matter here."""

    def __init__(self, zookeeper: ZooKeeperServer, dc: str, folder: Path) -> None:
        flags: dict[str, object] = {"zookeeper": zookeeper.hosts, "dc": dc, "jwt_secret": SECRET, "leave_s": 0.0}
        self.servers = [
            CommentServiceServer(
                load(CommentServiceSettings, {**flags, **LIMITS, "node_id": f"cs-{n}", "data": folder / str(n)})
            )
            for n in (1, 2)
        ]
        self.https: list[Http] = []

    async def start(self) -> None:
        for server in self.servers:
            await server.start()
        self.https = [Http(server.http_port) for server in self.servers]
        await self.see(2, self.servers)

    async def see(self, number: int, servers: list[CommentServiceServer]) -> None:
        """Waits until each of ``servers`` knows of so many."""

        async def all_see() -> bool:
            seen = [await metric(server.admin_port, "livecomments_comment_service_rate_services") for server in servers]
            return set(seen) == {number}

        await eventually(all_see)

    async def posted(self, service: int, users: range, video: str = VIDEO, **headers: str) -> int:
        """How many of one comment each get through."""
        answers = [
            await self.https[service].post(f"/comments/{video}", {"content": "x"}, **bearer(f"u-{n}"), **headers)
            for n in users
        ]
        assert {answer.status for answer in answers} <= {201, 429}
        return sum(answer.status == 201 for answer in answers)


@pytest.fixture
async def two(zookeeper: ZooKeeperServer, dc: str, tmp_path: Path) -> AsyncIterator[Two]:
    two = Two(zookeeper, dc, tmp_path)
    async with AsyncExitStack() as stack:
        for server in two.servers:
            stack.push_async_callback(server.aclose)
        await two.start()
        for http in two.https:
            stack.callback(http.close)
        yield two


async def test_a_video_and_an_address_have_one_limit_at_both_together(two: Two) -> None:
    assert await two.posted(0, range(30)) + await two.posted(1, range(30, 60)) == 20
    here = {"X-Envoy-External-Address": "192.0.2.1"}
    assert [await two.posted(n, range(100, 120), "other", **here) for n in (0, 1)] == [6, 6]


async def test_a_user_has_a_whole_limit_at_the_one_they_come_to(two: Two) -> None:
    for n in range(6):
        assert await two.posted(0, range(1), f"v-{n}") == 1
    assert await two.posted(0, range(1), "v-7") == 0


async def test_who_remains_lets_all_of_it_through(two: Two) -> None:
    first, second = two.servers
    assert await two.posted(0, range(15)) == 10
    await second.drain()
    await second.aclose()
    await two.see(1, [first])
    assert await two.posted(0, range(20), "another") == 20
