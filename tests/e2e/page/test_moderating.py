"""Reports, and what moderators do."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.page.conftest import OpenViewer
from tests.e2e.page.viewer_page import ViewerPage
from tests.support.images import picture

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _report(viewer: ViewerPage, content: str, detail: str) -> None:
    await viewer.act(viewer.comment(content), "More", "Report")
    dialog = viewer.page.get_by_role("dialog", name="Report this comment")
    await dialog.get_by_label("Harassment").check()
    await dialog.get_by_label("In your words").fill(detail)
    await dialog.get_by_role("button", name="Report").click()
    await expect(viewer.page.locator("#notice")).to_contain_text("Thank you")


async def test_a_report_reaches_a_moderator_who_deletes_the_comment(open_viewer: OpenViewer, video: str) -> None:
    troll = await open_viewer(video, name="Troll")
    ada = await open_viewer(video, name="Ada")
    await troll.write("something rude")
    await ada.expect_comment("something rude")
    await _report(ada, "something rude", f"rude in {video}")
    mod = await open_viewer(video, name="Mod", role="moderator")
    await mod.page.get_by_role("button", name="Moderate").click()
    report = mod.page.locator(".report").filter(has_text=f"rude in {video}")
    await expect(report.locator(".report__content")).to_have_text("something rude")
    await report.get_by_role("button", name="Delete comment").click()
    await expect(report).to_have_count(0)
    for viewer in (troll, ada):
        await expect(viewer.rows).to_have_count(0)


async def test_a_report_is_dismissed_and_the_comment_stays(open_viewer: OpenViewer, video: str) -> None:
    ada = await open_viewer(video, name="Ada")
    bob = await open_viewer(video, name="Bob")
    await ada.write("harmless")
    await bob.expect_comment("harmless")
    await _report(bob, "harmless", f"do not like {video}")
    mod = await open_viewer(video, name="Mod", role="moderator")
    await mod.page.get_by_role("button", name="Moderate").click()
    report = mod.page.locator(".report").filter(has_text=f"do not like {video}")
    await report.get_by_role("button", name="Dismiss").click()
    await expect(report).to_have_count(0)
    await mod.page.reload()
    await mod.page.get_by_role("button", name="Moderate").click()
    await expect(mod.page.get_by_role("heading", name="Reports")).to_be_visible()
    await expect(report).to_have_count(0)
    await bob.expect_comment("harmless")


async def test_who_is_banned_is_told_so_and_may_write_again_once_it_is_lifted(
    open_viewer: OpenViewer, video: str
) -> None:
    troll = await open_viewer(video, name="Troll")
    mod = await open_viewer(video, name="Mod", role="moderator")
    await troll.write("something rude")
    await mod.expect_comment("something rude")
    await mod.act(mod.comment("something rude"), "More", "Ban Troll")
    dialog = mod.page.get_by_role("dialog", name="Ban Troll")
    await dialog.get_by_label("For how long?").select_option(label="1 day")
    await dialog.get_by_role("button", name="Ban", exact=True).click()
    await expect(mod.page.locator("#notice")).to_contain_text("Troll is banned from this video")
    failed = troll.page.locator(".pending--failed")
    await troll.write("more of it")
    await expect(failed).to_contain_text("banned")

    await mod.act(mod.comment("something rude"), "More", "Ban Troll")
    await expect(dialog.get_by_role("listitem")).to_contain_text(f"Banned in {video} until")
    await dialog.get_by_role("button", name="Lift").click()
    await expect(dialog.get_by_role("listitem")).to_have_count(0)
    await failed.get_by_role("button", name="Try again").click()
    await mod.expect_comment("more of it")


async def test_who_is_banned_is_told_so_with_all_that_is_refused(open_viewer: OpenViewer, video: str) -> None:
    troll = await open_viewer(video, name="Troll")
    mod = await open_viewer(video, name="Mod", role="moderator")
    await troll.write("something rude")
    await mod.expect_comment("something rude")
    await mod.write("Behave")
    await mod.act(mod.comment("something rude"), "More", "Ban Troll")
    dialog = mod.page.get_by_role("dialog", name="Ban Troll")
    await dialog.get_by_label("Everywhere").check()
    await dialog.get_by_role("button", name="Ban", exact=True).click()
    await expect(mod.page.locator("#notice")).to_contain_text("Troll is banned everywhere")

    page, row = troll.page, troll.comment("Behave")
    said = page.locator("#notice")
    await troll.act(row, "React")
    await page.locator("#picker").get_by_role("button", name="Angry").click()
    await expect(said).to_contain_text("Your reaction was not taken: you are banned everywhere until")
    await expect(row.locator(".chip")).to_have_count(0)
    await said.evaluate("notice => notice.replaceChildren()")
    await page.get_by_role("group", name="React to the video").get_by_role("button", name="Angry").click()
    await expect(said).to_contain_text("Your reaction was not taken: you are banned everywhere until")

    await troll.act(row, "More", "Report")
    report = page.get_by_role("dialog", name="Report this comment")
    await report.get_by_label("Spam").check()
    await report.get_by_role("button", name="Report").click()
    await expect(report.get_by_role("alert")).to_contain_text("Not done: you are banned everywhere until")
    await report.get_by_role("button", name="Cancel").click()

    await troll.attach(("stand.png", picture(size=(1500, 1000))))
    note = page.locator(".composer__note")
    await expect(note).to_contain_text("stand.png was not taken: you are banned everywhere until")
    await expect(page.get_by_role("list", name="Images to send")).to_be_hidden()


async def test_a_ban_by_a_report_is_in_its_video_and_for_its_reason(open_viewer: OpenViewer, video: str) -> None:
    troll = await open_viewer(video, name="Troll")
    ada = await open_viewer(video, name="Ada")
    await troll.write("something rude")
    await ada.expect_comment("something rude")
    await _report(ada, "something rude", f"rude in {video}")
    mod = await open_viewer(f"{video}-other", name="Mod", role="moderator")
    await mod.page.get_by_role("button", name="Moderate").click()
    report = mod.page.locator(".report").filter(has_text=f"rude in {video}")
    await report.get_by_role("button", name="Ban author…").click()
    dialog = mod.page.get_by_role("dialog", name="Ban the author")
    await expect(dialog.get_by_label(f"In {video}")).to_be_checked()
    await expect(dialog.get_by_label("Why?")).to_be_hidden()
    await dialog.get_by_role("button", name="Ban", exact=True).click()
    await expect(report).to_have_count(0)
    await troll.write("more of it")
    await expect(troll.page.locator(".pending--failed")).to_contain_text("banned")


async def test_slow_mode_counts_down_until_the_next_comment(open_viewer: OpenViewer, video: str) -> None:
    mod = await open_viewer(video, name="Mod", role="moderator")
    await mod.page.get_by_role("button", name="Moderate").click()
    desk = mod.page.get_by_role("dialog", name="Moderate")
    await desk.get_by_role("combobox", name="Slow mode").select_option(label="every 5 s")
    await expect(desk).to_contain_text("Saved.")
    ada = await open_viewer(video, name="Ada")
    await expect(ada.page.get_by_text("Slow mode: one comment every 5 s")).to_be_visible()
    await ada.write("first")
    await ada.expect_comment("first")
    wait = ada.page.get_by_role("timer", name="Until the next comment")
    await expect(wait).to_be_visible()
    await ada.write("second")
    await expect(ada.composer).to_have_value("second")
    await expect(wait).to_be_hidden()
    await ada.composer.press("Enter")
    await mod.expect_comment("second")


async def test_a_comment_too_early_may_be_sent_again_after_a_countdown(open_viewer: OpenViewer, video: str) -> None:
    ada = await open_viewer(video, name="Ada")
    await ada.page.route(
        f"**/comments/{video}",
        lambda route: route.fulfill(status=429, headers={"Retry-After": "2"}, json={"detail": "slow mode"}),
        times=1,
    )
    await ada.write("too early")
    failed = ada.page.locator(".pending--failed")
    again = failed.get_by_role("button", name="Try again")
    await expect(failed).to_contain_text("too fast, wait 2 s")
    await expect(again).to_be_enabled()
    await again.click()
    await ada.expect_comment("too early")


async def test_a_moderator_ends_the_video(open_viewer: OpenViewer, video: str) -> None:
    ada = await open_viewer(video, name="Ada")
    mod = await open_viewer(video, name="Mod", role="moderator")
    await ada.write("bye")
    await mod.expect_comment("bye")
    await mod.page.get_by_role("button", name="Moderate").click()
    await mod.page.get_by_role("button", name="End the video…").click()
    sure = mod.page.get_by_role("dialog", name="End the video for everyone?")
    await sure.get_by_role("button", name="End the video").click()
    for viewer in (ada, mod):
        await viewer.expect_state("Ended")
        await expect(viewer.composer).to_be_hidden()
        await expect(viewer.page.get_by_text("The video has ended")).to_be_visible()
        await viewer.expect_comment("bye")


async def test_viewers_are_offered_nothing_of_it(open_viewer: OpenViewer, video: str) -> None:
    ada = await open_viewer(video, name="Ada")
    await expect(ada.page.get_by_role("button", name="Moderate")).to_be_hidden()
