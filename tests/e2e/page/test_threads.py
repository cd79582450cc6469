"""Replies, and the threads that they make."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.page.conftest import OpenViewer
from tests.e2e.page.site import Author

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_reply_is_said_to_all_and_stands_in_its_thread(
    open_viewer: OpenViewer, author: Author, video: str
) -> None:
    await author.post(video, "What a goal")
    ada = await open_viewer(video, name="Ada")
    bob = await open_viewer(video)
    await ada.reply(ada.comment("What a goal"), "best of the season")
    await expect(ada.page.locator(".composer__reply")).to_be_hidden()
    quote = bob.comment("best of the season").locator(".comment__quoted")
    await expect(quote).to_have_text("Grace: What a goal")

    began = bob.comment("What a goal")
    thread = began.get_by_role("list", name="Replies")
    await began.get_by_role("button", name="1 reply").click()
    await expect(thread.locator(".comment__content")).to_have_text(["best of the season"])
    await ada.reply(ada.comment("best of the season"), "of all seasons")
    await expect(thread.locator(".comment__content")).to_have_text(["best of the season", "of all seasons"])
    await expect(began.get_by_role("button", name="2 replies")).to_have_attribute("aria-expanded", "true")
    await began.get_by_role("button", name="2 replies").click()
    await expect(thread).to_have_count(0)


async def test_who_comes_later_finds_the_thread(open_viewer: OpenViewer, author: Author, video: str) -> None:
    began = await author.post(video, "What a goal")
    for n in range(3):
        await author.post(video, f"answer {n}", replyTo=began["commentId"])
    bob = await open_viewer(video)
    await bob.comment("answer 1").locator(".comment__quote").click()
    thread = bob.page.get_by_role("list", name="Replies")
    await expect(thread.locator(".comment__content")).to_have_text([f"answer {n}" for n in range(3)])
    await expect(bob.page.get_by_role("button", name="3 replies")).to_be_visible()


async def test_escape_leaves_the_reply_and_keeps_the_text(open_viewer: OpenViewer, author: Author, video: str) -> None:
    await author.post(video, "What a goal")
    ada = await open_viewer(video, name="Ada")
    await ada.act(ada.comment("What a goal"), "Reply")
    replying = ada.page.locator(".composer__reply")
    await expect(replying).to_contain_text("Replying to Grace What a goal")
    await ada.composer.fill("to all")
    await ada.composer.press("Escape")
    await expect(replying).to_be_hidden()
    await ada.composer.press("Enter")
    await ada.expect_comment("to all")
    await expect(ada.comment("to all").locator(".comment__quote")).to_be_hidden()


async def test_who_is_nobody_is_asked_to_sign_in(open_viewer: OpenViewer, author: Author, video: str) -> None:
    await author.post(video, "What a goal")
    bob = await open_viewer(video)
    await bob.act(bob.comment("What a goal"), "Reply")
    await expect(bob.page.locator("#sign-in")).to_contain_text("Sign in first")
    await expect(bob.page.get_by_label("Your name")).to_be_focused()
