"""The client commands: what they print, and what they say and return when something is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import jwt
import pytest

from ops.local_cluster.ports import free_port
from tests.support.cluster import Cluster
from tests.support.command import run, running
from tests.support.posting import Author
from tests.support.viewers import Audience, Viewer

NO_SERVER = "http://127.0.0.1:1"


async def test_post_prints_the_id_and_watch_shows_the_comment(
    cluster: Cluster, at_cluster: dict[str, str], video: str
) -> None:
    url = ("--url", cluster.url)
    posted = await run("post", video, "What a goal ⚽", "--user", "ada", *url, env=at_cluster)
    assert posted.status == 0, posted.stderr
    async with running("watch", video, *url, env=at_cluster) as watch:
        assert (await watch.said("What a goal")).endswith("ada  What a goal ⚽")
        await run("post", video, "\x1b[31mred\nalert", *url, env=at_cluster | {"USER": "bob"})
        assert (await watch.said("alert")).endswith("bob  [31mred alert"), "no comment steers the terminal"
        watch.interrupt()
        assert await watch.ended() == 130
    assert "Traceback" not in "\n".join(watch.lines)

    async with running("watch", video, "--json", "--backlog", "2", *url) as watch:
        line = json.loads(await watch.said(posted.stdout.strip()))
        assert line["event"] == "comment"
        assert line["data"]["content"] == "What a goal ⚽"


async def test_a_token_speaks_for_its_user(cluster: Cluster, at_cluster: dict[str, str], video: str) -> None:
    made = await run("token", "--user", "mod-1", "--name", "Mo", "--role", "moderator", env=at_cluster)
    assert made.status == 0
    claims = jwt.decode(made.stdout.strip(), cluster.options.jwt_secret, algorithms=["HS256"])
    assert (claims["sub"], claims["name"], claims["roles"]) == ("mod-1", "Mo", ["moderator"])
    posted = await run("post", video, "hi", "--token", made.stdout.strip(), "--url", cluster.url)
    assert posted.status == 0, "a token needs no data folder"


async def test_without_the_clusters_folder_a_development_token_does(
    cluster: Cluster, tmp_path: Path, video: str
) -> None:
    posted = await run(
        "post", video, "hi", "--user", "grace", "--url", cluster.url, env={"LIVECOMMENTS_DATA": str(tmp_path)}
    )
    assert posted.status == 0, posted.stderr
    async with Author(cluster) as author:
        assert await author.stored(video) == [int(posted.stdout)]


async def test_routes_shows_what_zookeeper_and_the_dispatchers_know(
    cluster: Cluster, at_cluster: dict[str, str], video: str
) -> None:
    assert (await run("routes", video, env=at_cluster)).stdout == f"no RMS serves {video}\n"
    async with Audience([Viewer(cluster.url, video)]), Author(cluster) as author:
        await author.post(video)
        [serving] = [
            name for name, node in cluster.rms.items() if (await node.samples()).total("livecomments_rms_viewers")
        ]
        shown = await run("routes", video, env=at_cluster)
        assert shown.status == 0, shown.stderr
        heading, row, summary = shown.stdout.splitlines()
        assert heading.split() == ["video", "ZooKeeper", "dispatcher-1", "dispatcher-2"]
        assert row.split() == [video, serving, serving, serving]
        assert summary == "1 video; all agree"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("post", "v", "hi", "--token", "x", "--url", NO_SERVER), "cannot reach 127.0.0.1:1: connection refused"),
        (("watch", "v", "--url", NO_SERVER), "cannot connect to 127.0.0.1:1: connection refused"),
        (("watch", "v", "--url", "nonsense"), "'nonsense' is not a URL"),
        (("token", "--user", "ada"), "no local cluster in"),
        (("post", "v", "hi", "--url", NO_SERVER), "cannot reach 127.0.0.1:1: connection refused"),
        (("post", "v", "hi", "--data", "/nonexistent"), "no local cluster in /nonexistent"),
        (("routes",), "no local cluster in"),
        (("replay", "/nonexistent", "--video", "v"), "No such file or directory"),
    ],
)
async def test_what_goes_wrong_is_one_line_and_1(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    finished = await run(*arguments, env={"LIVECOMMENTS_DATA": str(tmp_path)})
    assert finished.status == 1
    assert says in finished.error
    assert finished.error.startswith("error: ")


async def test_what_the_server_refuses_is_one_line_and_1(
    cluster: Cluster, at_cluster: dict[str, str], video: str
) -> None:
    url = ("--url", cluster.url)
    assert "401" in (await run("post", video, "hi", "--token", "x", *url)).error
    empty = await run("post", video, "  ", *url, env=at_cluster)
    assert empty.status == 1
    assert "400: content" in empty.error


async def test_a_node_runs_in_the_foreground_and_drains_on_ctrl_c(cluster: Cluster) -> None:
    admin = free_port()
    flags = ("--rms-node-id", "rms-foreground", "--rms-admin-port", str(admin), "--log-format", "json")
    async with running("rms", "--zookeeper", cluster.zookeeper.hosts, *flags) as node:
        await node.said('"started"')
        node.interrupt()
        assert await node.ended() == 0
    assert '"stopped"' in node.lines[-1]
