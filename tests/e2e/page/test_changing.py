"""Comments edited and deleted by who wrote them."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.page.conftest import OpenViewer
from tests.e2e.page.site import Author

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_an_author_edits_in_place_and_all_see_it(open_viewer: OpenViewer, video: str) -> None:
    ada = await open_viewer(video, name="Ada")
    bob = await open_viewer(video)
    await ada.write("Wat a goal")
    await bob.expect_comment("Wat a goal")
    await ada.act(ada.comment("Wat a goal"), "More", "Edit")
    field = ada.page.get_by_label("Edit your comment")
    await expect(field).to_be_focused()
    await field.fill("What a <b>goal</b>")
    await field.press("Enter")
    for viewer in (ada, bob):
        await viewer.expect_comment("What a <b>goal</b>")
        await expect(viewer.comment("What a <b>goal</b>").locator(".comment__edited")).to_be_visible()
        await expect(viewer.rows).to_have_count(1)
    await expect(field).to_be_hidden()
    await expect(ada.rows.first).to_be_focused()


async def test_an_edit_that_is_left_changes_nothing(open_viewer: OpenViewer, video: str) -> None:
    ada = await open_viewer(video, name="Ada")
    await ada.write("as it was")
    await ada.expect_comment("as it was")
    await ada.act(ada.comment("as it was"), "More", "Edit")
    await ada.page.get_by_label("Edit your comment").fill("other")
    await ada.page.keyboard.press("Escape")
    await ada.expect_comment("as it was")
    await expect(ada.rows.locator(".comment__edited")).to_be_hidden()


async def test_an_edit_that_is_refused_says_why_and_stays(open_viewer: OpenViewer, video: str) -> None:
    ada = await open_viewer(video, name="Ada")
    await ada.write("too late")
    await ada.expect_comment("too late")
    await ada.page.route(
        "**/comments/*/*", lambda route: route.fulfill(status=403, json={"detail": "the five minutes are over"})
    )
    await ada.act(ada.comment("too late"), "More", "Edit")
    field = ada.page.get_by_label("Edit your comment")
    await field.fill("not too late")
    await field.press("Enter")
    await expect(ada.page.locator(".edit")).to_contain_text("the five minutes are over")
    await expect(field).to_have_value("not too late")


async def test_a_deleted_comment_goes_everywhere_and_that_is_said(
    open_viewer: OpenViewer, author: Author, video: str
) -> None:
    await author.post(video, "stays")
    ada = await open_viewer(video, name="Ada")
    bob = await open_viewer(video)
    await ada.write("goes")
    await bob.expect_comment("goes")
    await ada.act(ada.comment("goes"), "More", "Delete")
    dialog = ada.page.get_by_role("dialog", name="Delete this comment?")
    await dialog.get_by_role("button", name="Cancel").click()
    await ada.expect_comment("goes")
    await ada.act(ada.comment("goes"), "More", "Delete")
    await dialog.get_by_role("button", name="Delete").click()
    for viewer in (ada, bob):
        await expect(viewer.rows.locator(".comment__content")).to_have_text(["stays"])
    await expect(bob.page.locator("#announcements")).to_contain_text("A comment was removed")
    late = await open_viewer(video)
    await late.expect_comment("stays")
    assert await late.contents() == ["stays"]


async def test_others_comments_are_only_to_be_reported(open_viewer: OpenViewer, author: Author, video: str) -> None:
    await author.post(video, "What a goal")
    ada = await open_viewer(video, name="Ada")
    await ada.act(ada.comment("What a goal"), "More")
    await expect(ada.page.get_by_role("menuitem")).to_have_text(["Report"])
