"""A browser's own ``EventSource``, with nothing of ours around it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.e2e.page.site import Author, Site
from tests.support.cluster import Cluster
from tests.support.eventually import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

LISTEN = """
video => {
    window.ids = [];
    const source = new EventSource(`/comments/${video}/stream`);
    source.addEventListener("comment", (event) => window.ids.push(event.lastEventId));
}
"""


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, site: Site) -> AsyncIterator[Page]:
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(site.url)
    yield page
    await context.close()


async def _received(page: Page) -> list[str]:
    ids: list[str] = await page.evaluate("window.ids")
    return ids


async def _until_received(page: Page, posted: list[str]) -> None:
    async def last_is_there() -> bool:
        return (await _received(page))[-1:] == posted[-1:]

    await eventually(last_is_there, timeout_s=20, what="the last comment in the EventSource")


async def test_it_gets_the_backlog_and_then_live(page: Page, author: Author, video: str) -> None:
    posted = [(await author.post(video, f"before {n}"))["commentId"] for n in range(3)]
    await page.evaluate(LISTEN, video)
    await _until_received(page, posted)
    posted += [(await author.post(video, f"live {n}"))["commentId"] for n in range(3)]
    await _until_received(page, posted)
    assert await _received(page) == posted


async def test_it_comes_back_by_itself_when_its_node_dies(
    own_cluster: Cluster, page: Page, author: Author, video: str
) -> None:
    await page.evaluate(LISTEN, video)
    posted = [(await author.post(video, f"before {n}"))["commentId"] for n in range(3)]
    await _until_received(page, posted)
    for node in own_cluster.rms.values():
        if (await node.samples()).total("livecomments_rms_viewers"):
            await node.kill9()
    posted += [(await author.post(video, f"meanwhile {n}"))["commentId"] for n in range(3)]
    await _until_received(page, posted)
    received = await _received(page)
    assert sorted(set(received), key=int) == posted, "nothing is missing"
    assert len(received) - len(posted) <= 3, "what came before may come again on another node, once"
