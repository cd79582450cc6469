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
    await page.get_by_label("Password", exact=True).fill(password)
    await page.keyboard.press("Enter")
    await expect(page.locator("#who-name")).to_have_text(name)
    await ada.write("it is me")
    await ada.expect_comment("it is me")
    await page.get_by_role("button", name="Sign out").click()
    await expect(ada.comment("it is me").locator(".comment__you")).to_be_hidden()

    await page.reload()
    await page.get_by_role("button", name="Log in with a password").click()
    await page.get_by_label("Username").fill(name)
    await page.get_by_label("Password", exact=True).fill("wrong wrong wrong")
    await page.keyboard.press("Enter")
    await expect(page.locator("#sign-in-message")).to_contain_text("another password")
    await page.get_by_label("Password", exact=True).fill(password)
    await page.keyboard.press("Enter")
    await expect(ada.comment("it is me").locator(".comment__you")).to_be_visible()


async def test_a_password_is_changed_where_one_signs_out(open_viewer: OpenViewer, video: str) -> None:
    ada = await open_viewer(video)
    page, name, password = ada.page, f"ada-{uuid.uuid4().hex[:10]}", "correct horse battery"
    another = "incorrect horse battery"
    await page.get_by_role("button", name="Register").click()
    await page.get_by_label("Username").fill(name)
    await page.get_by_label("Password", exact=True).fill(password)
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Change your password").click()
    dialog = page.get_by_role("dialog", name="Change your password")
    old, new = dialog.get_by_label("Your password"), dialog.get_by_label("Your new password")
    await expect(old).to_have_attribute("autocomplete", "current-password")
    await expect(new).to_have_attribute("autocomplete", "new-password")

    await old.fill("wrong wrong wrong")
    await new.fill(another)
    await page.keyboard.press("Enter")
    await expect(old).to_have_accessible_description("This is not your password.")
    await expect(old).to_be_focused()
    await expect(dialog.get_by_role("alert").filter(visible=True)).to_have_count(1)
    await old.fill(password)
    await new.fill("🦆🦆🦆🦆")
    await page.keyboard.press("Enter")
    await expect(new).to_have_accessible_description("It is not 8 to 128 characters long.")
    await expect(new).to_have_attribute("aria-invalid", "true")
    await expect(old).to_have_attribute("aria-invalid", "false")
    await expect(old).to_have_accessible_description("")
    await new.fill(another)
    await page.keyboard.press("Enter")
    await expect(page.locator("#notice")).to_have_text("Your password is changed.")
    await expect(dialog).to_be_hidden()
    await expect(page.locator("#password-new")).to_have_value("")
    await ada.write("still here")
    await ada.expect_comment("still here")

    await page.reload()
    await page.set_viewport_size({"width": 320, "height": 640})
    await expect(page.get_by_role("button", name="Change your password")).to_be_in_viewport(ratio=1)
    await expect(page.get_by_role("button", name="Sign out")).to_be_in_viewport(ratio=1)
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("button", name="Change your password")).to_be_hidden()
    await page.get_by_role("button", name="Log in with a password").click()
    for said, tried in (("another password", password), ("", another)):
        await page.get_by_label("Username").fill(name)
        await page.get_by_label("Password", exact=True).fill(tried)
        await page.keyboard.press("Enter")
        await expect(page.locator("#sign-in-message")).to_contain_text(said)
    await expect(page.locator("#who-name")).to_have_text(name)


async def test_who_has_no_account_here_has_no_password_to_change(open_viewer: OpenViewer, video: str) -> None:
    ada = await open_viewer(video, name="Ada")
    await expect(ada.page.get_by_role("button", name="Sign out")).to_be_visible()
    await expect(ada.page.get_by_role("button", name="Change your password")).to_be_hidden()


async def test_a_name_that_is_taken_is_said(open_viewer: OpenViewer, video: str) -> None:
    name = f"ada-{uuid.uuid4().hex[:10]}"
    first = await open_viewer(video)
    second = await open_viewer(video)
    for viewer in (first, second):
        await viewer.page.get_by_role("button", name="Register").click()
        await viewer.page.get_by_label("Username").fill(name)
        await viewer.page.get_by_label("Password", exact=True).fill("correct horse battery")
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
