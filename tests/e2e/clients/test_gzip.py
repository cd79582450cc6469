"""The compressed stream through Envoy, read by clients that others wrote: each gets exactly what was said."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from httpx_sse import aconnect_sse
from playwright.async_api import Browser

from tests.support.cluster import Cluster
from tests.support.eventually import eventually
from tests.support.node_js import node
from tests.support.posting import Author
from tests.support.viewers import Audience, Viewer

GZIP = {"Accept-Encoding": "gzip"}
SAID_BEFORE = 30
SAID = 120


class Chat:
    """A video with something said before, whose compressed viewers are enough for a shared history."""

    def __init__(self, cluster: Cluster, video: str, author: Author) -> None:
        self.cluster = cluster
        self.video = video
        self.url = f"{cluster.url}/comments/{video}/stream"
        self._author = author
        self.ids: list[int] = []

    async def say(self, count: int) -> None:
        """One after the other, so that each may go out alone."""
        for _ in range(count):
            self.ids.append(await self._author.post(self.video, f"comment {len(self.ids)} 🎉"))

    async def gzip_viewers(self) -> int:
        metrics = [await self.cluster.admin_metrics(name) for name in self.cluster.nodes if name.startswith("rms")]
        return int(sum(samples.total("livecomments_rms_gzip_viewers") for samples in metrics))

    async def shared(self) -> float:
        """Deliveries of shared blocks, ever."""
        metrics = [await self.cluster.admin_metrics(name) for name in self.cluster.nodes if name.startswith("rms")]
        return sum(samples.total("livecomments_rms_gzip_deliveries_total", block="shared") for samples in metrics)

    @asynccontextmanager
    async def joined_by_one_more(self) -> AsyncIterator[None]:
        """Until the block's client has come as a gzip viewer."""
        before = await self.gzip_viewers()
        yield
        await eventually(lambda: self._more_than(before), what="a gzip viewer")

    async def _more_than(self, before: int) -> bool:
        return await self.gzip_viewers() > before


@pytest.fixture
def video(request: pytest.FixtureRequest) -> str:
    return re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:64]


@pytest.fixture
async def chat(cluster: Cluster, video: str) -> AsyncIterator[Chat]:
    async with Author(cluster) as author:
        chat = Chat(cluster, video, author)
        await chat.say(SAID_BEFORE)
        async with Audience([Viewer(cluster.url, video, headers=GZIP) for _ in range(4)]) as audience:
            assert {viewer.headers["content-encoding"] for viewer in audience.viewers} == {"gzip"}
            before = await chat.shared()
            yield chat
            for viewer in audience.viewers:
                await viewer.until_last(chat.ids[-1])
                assert viewer.ids == chat.ids
            assert await chat.shared() > before


async def test_compressed_and_plain_viewers_get_the_same_and_the_compressed_in_a_fraction_of_the_bytes(
    cluster: Cluster, chat: Chat, video: str
) -> None:
    headers: list[dict[str, str]] = [{}, {"Accept-Encoding": "gzip;q=0"}, {"Accept-Encoding": "br"}, GZIP]
    viewers = [Viewer(cluster.url, video, headers=each, query="?backlog=0") for each in headers]
    async with Audience(viewers):
        assert [viewer.headers.get("content-encoding") for viewer in viewers] == [None, None, None, "gzip"]
        assert {viewer.headers["vary"].lower() for viewer in viewers} == {"accept-encoding"}
        await chat.say(SAID)
        for viewer in viewers:
            await viewer.until_last(chat.ids[-1])
            assert viewer.ids == chat.ids[SAID_BEFORE:]
        *plain, compressed = viewers
        assert compressed.body_bytes < 0.35 * plain[0].body_bytes, "a tenth of them were stored"


async def test_a_compressed_viewer_resumes(cluster: Cluster, chat: Chat, video: str) -> None:
    await chat.say(20)
    last = chat.ids[5]
    async with Audience([Viewer(cluster.url, video, headers={**GZIP, "Last-Event-ID": str(last)})]) as audience:
        viewer = audience.viewers[0]
        await chat.say(30)
        await viewer.until_last(chat.ids[-1])
        assert viewer.ids == chat.ids[6:]


async def test_curl(chat: Chat) -> None:
    async with chat.joined_by_one_more():
        command = ["curl", "--silent", "--show-error", "--no-buffer", "--compressed", f"{chat.url}?backlog=10"]
        curl = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    await _reads_all(chat, curl, rb"id: (\d+)")


async def test_npms_eventsource(chat: Chat, node_client: Path) -> None:
    async with chat.joined_by_one_more():
        command = [node(), str(node_client), f"{chat.url}?backlog=10"]
        client = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    await _reads_all(chat, client, rb"(\d+)")


async def _reads_all(chat: Chat, client: asyncio.subprocess.Process, comment_id: bytes) -> None:
    """The client's output has the last 10 comments and then all, and each of them at once."""
    assert client.stdout is not None
    got: list[int] = []
    try:
        async with asyncio.timeout(30):
            for _ in range(SAID):
                await chat.say(1)
                while got[-1:] != chat.ids[-1:]:
                    line = await client.stdout.readline()
                    assert line, "it ended"
                    if match := re.match(comment_id, line):
                        got.append(int(match[1]))
    finally:
        client.kill()
        await client.wait()
    assert got == chat.ids[SAID_BEFORE - 10 :]


async def test_httpx_sse(chat: Chat) -> None:
    got: list[int] = []
    async with (
        httpx.AsyncClient(trust_env=False) as client,
        aconnect_sse(client, "GET", f"{chat.url}?backlog=10", headers=GZIP, timeout=30) as source,
    ):
        assert source.response.headers["content-encoding"] == "gzip"
        events = source.aiter_sse()
        for _ in range(SAID):
            await chat.say(1)
            while got[-1:] != chat.ids[-1:]:
                event = await anext(events)
                if event.event == "comment":
                    assert event.json()["commentId"] == event.id
                    got.append(int(event.id))
    assert got == chat.ids[SAID_BEFORE - 10 :]


EVENT_SOURCE = """url => {
    window.got = [];
    new EventSource(url).addEventListener("comment", event => window.got.push(event.lastEventId));
}"""
BUNDLED_CLIENT = """async video => {
    const { LiveComments } = await import("/assets/livecomments.js");
    window.got = [];
    new LiveComments(video, { backlog: 10 }).on("comment", comment => window.got.push(comment.commentId));
}"""


@pytest.mark.parametrize("script", [EVENT_SOURCE, BUNDLED_CLIENT], ids=["eventsource", "bundled-client"])
async def test_chromium(chat: Chat, browser: Browser, script: str) -> None:
    page = await browser.new_page()
    await page.goto(f"{chat.cluster.url}/assets/icon.svg")
    async with chat.joined_by_one_more():
        await page.evaluate(script, f"{chat.url}?backlog=10" if script is EVENT_SOURCE else chat.video)

    await chat.say(SAID)

    await page.wait_for_function("last => window.got.at(-1) === last", arg=str(chat.ids[-1]), timeout=10_000)
    assert json.loads(await page.evaluate("JSON.stringify(window.got)")) == [
        str(comment_id) for comment_id in chat.ids[SAID_BEFORE - 10 :]
    ]
