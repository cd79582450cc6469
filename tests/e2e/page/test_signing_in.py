"""Accounts on the page."""

from __future__ import annotations

import uuid

import pytest
from playwright.async_api import expect

from tests.e2e.page.conftest import OpenViewer

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_register_leave_and_log_in_again(open_viewer: OpenViewer, video: str) -> None:
    ada = await open_viewer(video)
    page, name, password = ada.page, f"ada-{uuid.uuid4().hex[:10]}", "correct horse battery"
    await page.get_by_role("button", name="Register").click()
    await page.get_by_label("Username").fill(name)
    await page.get_by_label("Password").fill(password)
    await page.keyboard.press("Enter")
    await expect(page.locator("#who-name")).to_have_text(name)
    await ada.write("it is me")
    await ada.expect_comment("it is me")
    await page.get_by_role("button", name="Sign out").click()
    await expect(ada.comment("it is me").locator(".comment__you")).to_be_hidden()

    await page.reload()
    await page.get_by_role("button", name="Log in with a password").click()
    await page.get_by_label("Username").fill(name)
    await page.get_by_label("Password").fill("wrong wrong wrong")
    await page.keyboard.press("Enter")
    await expect(page.locator("#sign-in-message")).to_contain_text("another password")
    await page.get_by_label("Password").fill(password)
    await page.keyboard.press("Enter")
    await expect(ada.comment("it is me").locator(".comment__you")).to_be_visible()


async def test_a_name_that_is_taken_is_said(open_viewer: OpenViewer, video: str) -> None:
    name = f"ada-{uuid.uuid4().hex[:10]}"
    first = await open_viewer(video)
    second = await open_viewer(video)
    for viewer in (first, second):
        await viewer.page.get_by_role("button", name="Register").click()
        await viewer.page.get_by_label("Username").fill(name)
        await viewer.page.get_by_label("Password").fill("correct horse battery")
        await viewer.page.keyboard.press("Enter")
        if viewer is first:
            await expect(viewer.composer).to_be_visible()
    await expect(second.page.locator("#sign-in-message")).to_contain_text("taken")


async def test_where_names_alone_are_not_offered_one_logs_in(open_viewer: OpenViewer, video: str) -> None:
    ada = await open_viewer()
    await ada.page.route("**/auth", lambda route: route.fulfill(json={"accounts": True, "devTokens": False}))
    await ada.open(video)
    await expect(ada.page.get_by_role("button", name="Log in")).to_be_visible()
    await expect(ada.page.get_by_role("button", name="Just a name")).to_have_count(0)
