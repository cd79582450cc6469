"""The commands' exit codes: 2 for wrong usage, 1 with one clear line for anything else, 0 done."""

from __future__ import annotations

import json

import pytest

from tests.e2e.contract.asking import Asking
from tests.support.cluster import Cluster
from tests.support.command import run


@pytest.mark.parametrize(
    "arguments",
    [
        ("nothing",),
        ("post",),
        ("post", "v"),
        ("post", "v", "hi", "--nothing"),
        ("post", "not a video", "hi"),
        ("watch", "not.a.video"),
        ("token",),
        ("token", "--user", "ada", "--role", "king"),
        ("replay", "x.jsonl"),
        ("up", "--rms", "many"),
        ("up", "--store", "paper"),
    ],
    ids=" ".join,
)
async def test_wrong_usage_is_2(arguments: tuple[str, ...]) -> None:
    finished = await run(*arguments)
    assert finished.status == 2, finished
    assert "Traceback" not in finished.stderr
    assert not finished.stdout


@pytest.mark.parametrize(
    "command",
    ["up", "rms", "dispatcher", "comment-service", "xds", "token", "watch", "post", "replay", "routes"],
)
async def test_every_command_of_the_contract_is_there(command: str) -> None:
    assert (await run(command, "--help")).status == 0


async def test_done_is_0(cluster: Cluster, ask: Asking, video: str) -> None:
    env = {"LIVECOMMENTS_DATA": str(cluster.folder.path)}
    token = await run("token", "--user", "ada", "--name", "Ada L", env=env)
    assert (token.status, token.stderr) == (0, "")
    posted = await run("post", video, "hi", "--token", token.stdout.strip(), "--url", cluster.url)
    assert posted.status == 0
    comment = (await ask("GET", f"/comments/{video}/{posted.stdout.strip()}", user=None)).json
    assert (comment["authorId"], comment["authorName"]) == ("ada", "Ada L")
    assert (await run("routes", env=env)).status == 0


async def test_anything_else_is_1_with_one_line(cluster: Cluster, video: str) -> None:
    for arguments in (
        ("post", video, "hi", "--token", "x", "--url", cluster.url),
        ("post", video, "hi", "--token", "x", "--url", "http://127.0.0.1:1"),
        ("replay", "/nonexistent", "--video", video, "--url", cluster.url),
    ):
        finished = await run(*arguments)
        assert finished.status == 1
        assert finished.error, json.dumps(arguments)
