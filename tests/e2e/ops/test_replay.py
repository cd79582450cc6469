"""``livecomments replay`` posts a recorded chat: all of it, each author in their own name, and says how it went."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ops.client import CommentsApi, HttpClient
from tests.support.cluster import Cluster
from tests.support.command import run, running
from tests.support.eventually import eventually


def chat(tmp_path: Path, comments: int) -> Path:
    file = tmp_path / "chat.jsonl"
    lines = [{"offset_s": n * 0.5, "author": f"viewer-{n % 7}", "text": f"comment {n}"} for n in range(comments)]
    lines.append({"offset_s": 1.0, "author": "loud", "text": "x" * 501})
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


async def test_every_comment_is_posted_by_its_author(
    cluster: Cluster, at_cluster: dict[str, str], video: str, tmp_path: Path
) -> None:
    file = chat(tmp_path, 100)
    command = ("replay", str(file), "--video", video, "--url", cluster.url, "--speed", "100")
    finished = await run(*command, env=at_cluster)
    assert finished.status == 0, finished.stderr
    first, summary = finished.stdout.splitlines()
    assert first == "101 comments by 8 authors; 0 s at 100 times its speed"
    assert summary.startswith("posted 100; refused 1 (1 400); post latency p50 ")
    assert re.search(r"p99 \d+\.\d ms", summary)
    async with HttpClient(cluster.url) as http:
        stored = [comment async for comment in CommentsApi(http).after(video, "0")]
    assert {(comment["authorId"], comment["content"]) for comment in stored} == {
        (f"viewer-{n % 7}", f"comment {n}") for n in range(100)
    }


async def test_a_loop_goes_on_until_ctrl_c_and_then_sums_up(
    cluster: Cluster, at_cluster: dict[str, str], video: str, tmp_path: Path
) -> None:
    file = chat(tmp_path, 4)
    command = ("replay", str(file), "--video", video, "--url", cluster.url, "--speed", "100", "--loop")
    async with HttpClient(cluster.url) as http, running(*command, env=at_cluster) as replay:
        api = CommentsApi(http)

        async def played_thrice() -> bool:
            page = await api.page(video, page_size=200)
            return bool(sum(comment["content"] == "comment 0" for comment in page.comments) >= 3)

        await eventually(played_thrice, timeout_s=60, what="a third round")  # the command has to start first
        replay.interrupt()
        assert await replay.ended() == 130
    assert replay.lines[-1].startswith("posted ")


async def test_where_nothing_can_be_posted_it_says_why(at_cluster: dict[str, str], tmp_path: Path) -> None:
    file = chat(tmp_path, 4)
    finished = await run("replay", str(file), "--video", "v", "--url", "http://127.0.0.1:1", env=at_cluster)
    assert finished.status == 1
    assert finished.error == "error: cannot reach 127.0.0.1:1: connection refused"
