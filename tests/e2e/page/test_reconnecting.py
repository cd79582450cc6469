"""A connection that goes and comes back."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from tests.e2e.page.conftest import OpenViewer
from tests.e2e.page.site import Author
from tests.support.cluster import Cluster

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_what_was_missed_comes_once_on_the_return(open_viewer: OpenViewer, author: Author, video: str) -> None:
    await author.post_in_order(video, ["a", "b"])
    ada = await open_viewer(video)
    await ada.expect_comment("b")
    for outage in range(3):
        await ada.context.set_offline(True)
        await ada.expect_state("Reconnecting…")
        await author.post_in_order(video, [f"missed {outage}.{n}" for n in range(4)])
        await ada.context.set_offline(False)
        await ada.expect_state("Live")
        await ada.expect_comment(f"missed {outage}.3")
    await author.post(video, "z")
    await ada.expect_comment("z")
    missed = [f"missed {outage}.{n}" for outage in range(3) for n in range(4)]
    assert await ada.contents() == ["a", "b", *missed, "z"]


async def test_an_error_status_is_no_end(open_viewer: OpenViewer, author: Author, video: str) -> None:
    ada = await open_viewer(video)
    await author.post(video, "before")
    await ada.expect_comment("before")
    await ada.page.route("**/stream?*", lambda route: route.fulfill(status=503, body=""), times=2)
    await ada.context.set_offline(True)
    await ada.expect_state("Reconnecting…")
    await author.post(video, "meanwhile")
    await ada.context.set_offline(False)
    await ada.expect_state("Live")
    await ada.expect_comment("meanwhile")
    assert await ada.contents() == ["before", "meanwhile"]


async def test_a_long_absence_from_a_video_that_was_empty(open_viewer: OpenViewer, author: Author, video: str) -> None:
    ada = await open_viewer(video)
    await expect(ada.page.get_by_text("Nobody has said anything yet")).to_be_visible()
    await ada.context.set_offline(True)
    await ada.expect_state("Reconnecting…")
    said = [f"line {n}" for n in range(130)]
    await author.post_in_order(video, said)
    await ada.context.set_offline(False)
    await ada.expect_comment(said[-1])
    assert await ada.contents() == said


async def test_written_while_offline_and_sent_afterwards(open_viewer: OpenViewer, video: str) -> None:
    ada = await open_viewer(video, name="Ada")
    grace = await open_viewer(video)
    await ada.context.set_offline(True)
    await ada.write("from the tunnel")
    retry = ada.page.get_by_role("button", name="Try again")
    await expect(retry).to_be_visible()
    await ada.context.set_offline(False)
    await ada.expect_state("Live")
    await retry.click()
    await grace.expect_comment("from the tunnel")
    await ada.expect_comment("from the tunnel")


@pytest.mark.parametrize("way", ["killed", "drained"])
async def test_a_node_that_goes_is_replaced_by_another(
    own_cluster: Cluster, open_viewer: OpenViewer, author: Author, video: str, way: str
) -> None:
    ada = await open_viewer(video)
    said = [f"line {n}" for n in range(20)]
    await author.post_in_order(video, said[:10])
    await ada.expect_comment(said[9])
    routes = await own_cluster.describe_routes("dispatcher-1", video)
    (node,) = [own_cluster.rms[route.rms_id] for route in routes.routes]
    async with ada.page.expect_request("**/stream?lastEventId=*"):
        ending = asyncio.create_task(node.kill9() if way == "killed" else node.stop())
        await author.post_in_order(video, said[10:])
    await ending
    await ada.expect_comment(said[-1])
    await ada.expect_state("Live")
    assert await ada.contents() == said
