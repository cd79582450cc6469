"""Reading further up while the chat goes on."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.page.conftest import OpenViewer
from tests.e2e.page.site import Author
from tests.e2e.page.viewer_page import ViewerPage

pytestmark = pytest.mark.asyncio(loop_scope="session")

MAX_ROWS = 500


async def _scroll_up(viewer: ViewerPage, pixels: int = 600) -> None:
    await viewer.scroll_by(-pixels)
    await expect(viewer.newest).to_be_visible()


async def test_newer_comments_are_counted_and_nothing_moves(
    open_viewer: OpenViewer, author: Author, video: str
) -> None:
    await author.post_in_order(video, [f"line {n}" for n in range(60)])
    ada = await open_viewer(video)
    await ada.expect_comment("line 59")
    assert await ada.at_bottom()
    await _scroll_up(ada)
    reading = await ada.first_in_view()
    await author.post_in_order(video, ["new 1", "new 2", "new 3"])
    await expect(ada.newest).to_have_text("3 new comments")
    assert await ada.first_in_view() == reading
    await ada.newest.click()
    await expect(ada.newest).to_be_hidden()
    await expect(ada.comment("new 3")).to_be_in_viewport()
    await author.post(video, "new 4")
    await expect(ada.comment("new 4")).to_be_in_viewport()


async def test_the_smallest_step_up_is_enough(open_viewer: OpenViewer, author: Author, video: str) -> None:
    await author.post_in_order(video, [f"line {n}" for n in range(40)])
    ada = await open_viewer(video)
    await ada.expect_comment("line 39")
    await _scroll_up(ada, 20)
    await author.post(video, "one more")
    await expect(ada.newest).to_have_text("1 new comment")


async def test_scrolling_down_by_hand_ends_the_counting(open_viewer: OpenViewer, author: Author, video: str) -> None:
    await author.post_in_order(video, [f"line {n}" for n in range(40)])
    ada = await open_viewer(video)
    await ada.expect_comment("line 39")
    await _scroll_up(ada)
    await author.post(video, "one more")
    await expect(ada.newest).to_have_text("1 new comment")
    await ada.scroll_by(5000)
    await expect(ada.newest).to_be_hidden()
    await expect(ada.comment("one more")).to_be_in_viewport()


@pytest.mark.parametrize("comes", ["before the first comment", "after it"])
async def test_of_a_short_chat_nothing_older_is_offered(
    open_viewer: OpenViewer, author: Author, video: str, comes: str
) -> None:
    if comes == "after it":
        await author.post_in_order(video, ["first", "second"])
    ada = await open_viewer(video)
    if comes == "before the first comment":
        await author.post_in_order(video, ["first", "second"])
    await ada.expect_comment("second")
    await expect(ada.page.get_by_text("This is where the chat began")).to_be_visible()
    await expect(ada.page.get_by_role("button", name="Older comments")).to_be_hidden()
    assert await ada.contents() == ["first", "second"]


async def test_older_pages_come_on_scrolling_up_and_keep_the_place(
    open_viewer: OpenViewer, author: Author, video: str
) -> None:
    said = [f"line {n}" for n in range(230)]
    await author.post_in_order(video, said)
    ada = await open_viewer(video)
    await ada.expect_comment("line 229")
    assert await ada.rows.count() == 100
    for rows in (150, 200, 230):
        reading = await ada.jump(100)
        await expect(ada.rows).to_have_count(rows)
        assert await ada.first_in_view() == reading
    assert await ada.contents() == said
    await expect(ada.page.get_by_text("This is where the chat began")).to_be_attached()
    await expect(ada.page.get_by_role("button", name="Older comments")).to_be_hidden()


async def test_a_failed_page_of_older_ones_can_be_asked_for_again(
    open_viewer: OpenViewer, author: Author, video: str
) -> None:
    await author.post_in_order(video, [f"line {n}" for n in range(110)])
    ada = await open_viewer(video)
    await ada.expect_comment("line 109")
    # As often as the client tries by itself.
    await ada.page.route(f"**/comments/{video}?*", lambda route: route.fulfill(status=503, body=""), times=3)
    await ada.jump(100)
    await ada.page.get_by_role("button", name="Could not load. Try again").click()
    await ada.expect_comment("line 0")


async def test_a_burst_keeps_the_page_bounded_and_at_the_newest(
    open_viewer: OpenViewer, author: Author, video: str
) -> None:
    ada = await open_viewer(video)
    bob = await open_viewer(video)
    await author.post_in_order(video, [f"line {n}" for n in range(40)])
    await bob.expect_comment("line 39")
    await _scroll_up(bob)
    reading = await bob.first_in_view()
    await author.burst(video, [f"burst {n}" for n in range(620)])
    await author.post(video, "the last")
    await ada.expect_comment("the last")
    assert await ada.rows.count() == MAX_ROWS
    assert await ada.at_bottom()
    await expect(bob.newest).to_have_text("621 new comments")
    assert await bob.rows.count() <= MAX_ROWS
    assert await bob.first_in_view() == reading
    await bob.newest.click()
    await expect(bob.comment("the last")).to_be_in_viewport()
    assert await bob.contents() == await ada.contents()
