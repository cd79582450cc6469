"""Reactions to comments, and to the video."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.page.conftest import OpenViewer
from tests.e2e.page.site import Author

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_totals_are_live_and_ones_own_is_marked(open_viewer: OpenViewer, author: Author, video: str) -> None:
    await author.post(video, "What a goal")
    ada = await open_viewer(video, name="Ada")
    bob = await open_viewer(video, name="Bob")

    row, other = ada.comment("What a goal"), bob.comment("What a goal")
    await ada.act(row, "React")
    await ada.page.get_by_role("button", name="Love", exact=True).last.click()
    await expect(row.get_by_role("button", name="Love, 1")).to_have_attribute("aria-pressed", "true")
    theirs = other.get_by_role("button", name="Love, 1")
    await expect(theirs).to_have_attribute("aria-pressed", "false")
    await theirs.click()
    await expect(row.get_by_role("button", name="Love, 2")).to_be_visible()

    await ada.act(row, "React")
    picked = ada.page.locator("#picker").get_by_role("button", name="Love")
    await expect(picked).to_have_attribute("aria-pressed", "true")
    await ada.page.locator("#picker").get_by_role("button", name="Wow").click()
    await expect(other.get_by_role("button", name="Wow, 1")).to_be_visible()
    await expect(other.get_by_role("button", name="Love, 1")).to_have_attribute("aria-pressed", "true")

    await row.get_by_role("button", name="Wow, 1").click()
    await expect(other.locator(".chip")).to_have_count(1)
    await expect(row.locator(".chip")).to_have_count(1)
    carol = await open_viewer(video)
    await expect(carol.comment("What a goal").get_by_role("button", name="Love, 1")).to_be_visible()


async def test_a_reaction_that_is_refused_is_taken_back(open_viewer: OpenViewer, author: Author, video: str) -> None:
    await author.post(video, "What a goal")
    ada = await open_viewer(video, name="Ada")
    await ada.page.route("**/reactions/like", lambda route: route.fulfill(status=403, json={"detail": "not here"}))
    await ada.act(ada.comment("What a goal"), "React")
    await ada.page.locator("#picker").get_by_role("button", name="Like").click()
    await expect(ada.page.locator("#notice")).to_contain_text("not here")
    await expect(ada.rows.locator(".chip")).to_have_count(0)


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
async def test_cheers_for_the_video_float_where_things_may_move(
    open_viewer: OpenViewer, video: str, motion: str
) -> None:
    ada = await open_viewer(video, name="Ada")
    bob = await open_viewer(video, reduced_motion=motion)
    await bob.page.evaluate(
        """() => {
          window.floated = 0;
          const count = (changes) => changes.forEach(({ addedNodes }) => { window.floated += addedNodes.length; });
          new MutationObserver(count).observe(document.querySelector('#sky'), { childList: true });
        }"""
    )
    cheers = bob.page.get_by_role("group", name="React to the video")
    love = ada.page.get_by_role("group", name="React to the video").get_by_role("button", name="Love")
    told = 0
    while told == 0 or (motion == "no-preference" and await bob.page.evaluate("window.floated") == 0):
        await love.click()
        told += 1
        await expect(cheers.get_by_role("button", name=f"Love, {told}", exact=True)).to_be_visible()
    assert (await bob.page.evaluate("window.floated") > 0) == (motion == "no-preference")


async def test_a_viewer_without_a_name_cannot_cheer(open_viewer: OpenViewer, video: str) -> None:
    bob = await open_viewer(video)
    await bob.page.get_by_role("group", name="React to the video").get_by_role("button", name="Like").click()
    await expect(bob.page.get_by_label("Your name")).to_be_focused()
