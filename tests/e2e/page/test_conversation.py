"""What people say on the page, and what others see of it."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Route, expect

from tests.e2e.page.conftest import OpenViewer
from tests.e2e.page.site import Author, Site

pytestmark = pytest.mark.asyncio(loop_scope="session")

MARKUP = '<img src=x onerror="document.title=1"><script>document.title=2</script><b>bold</b> &amp; {{7*7}}'


async def test_what_one_posts_the_other_shows(open_viewer: OpenViewer, video: str) -> None:
    ada = await open_viewer(video, name="Ada")
    grace = await open_viewer(video, name="Grace")
    await ada.write("What a goal")
    await grace.expect_comment("What a goal")
    await grace.write("Offside, surely")
    await ada.expect_comment("Offside, surely")
    await ada.expect_comment("What a goal")
    await expect(grace.comment("What a goal").locator(".comment__author")).to_have_text("Ada")
    await expect(ada.comment("What a goal").locator(".comment__you")).to_be_visible()
    await expect(grace.comment("What a goal").locator(".comment__you")).to_be_hidden()


async def test_the_backlog_comes_first_and_in_order(open_viewer: OpenViewer, author: Author, video: str) -> None:
    said = [f"before {n}" for n in range(5)]
    await author.post_in_order(video, said)
    ada = await open_viewer(video)
    await ada.expect_comment(said[-1])
    await author.post(video, "after")
    await ada.expect_comment("after")
    assert await ada.contents() == [*said, "after"]


async def test_a_video_is_chosen_by_its_id(open_viewer: OpenViewer, site: Site, video: str) -> None:
    ada = await open_viewer()
    await ada.page.goto(f"{site.url}/")
    await ada.page.get_by_role("textbox", name="Video").fill("not a video!")
    await ada.page.keyboard.press("Enter")
    await expect(ada.page.get_by_role("heading", name="Watch together")).to_be_visible()
    await ada.page.get_by_role("textbox", name="Video").fill(video)
    await ada.page.keyboard.press("Enter")
    await ada.expect_state("Live")
    await expect(ada.page.get_by_role("heading", level=1)).to_have_text(video)
    await ada.page.get_by_role("link", name="choose a video").click()
    await expect(ada.page.get_by_role("link", name=video)).to_be_visible()
    await ada.page.goto(f"{site.url}/?video=no/such")
    await expect(ada.page.get_by_role("alert")).to_contain_text("A video's id")


async def test_markup_is_shown_as_text(open_viewer: OpenViewer, author: Author, video: str) -> None:
    ada = await open_viewer(video, name="<i>Ada</i>")
    await author.post(video, MARKUP)
    await ada.expect_comment(MARKUP)
    await ada.write("<u>mine</u>")
    await ada.expect_comment("<u>mine</u>")
    await expect(ada.comment("<u>mine</u>").locator(".comment__author")).to_have_text("<i>Ada</i>")
    await expect(ada.rows.locator("img, script, b, i, u")).to_have_count(0)
    assert await ada.page.title() == f"{video} · livecomments"


async def test_enter_sends_and_shift_enter_begins_a_line(open_viewer: OpenViewer, video: str) -> None:
    ada = await open_viewer(video, name="Ada")
    await ada.composer.type("one")
    await ada.composer.press("Shift+Enter")
    await ada.composer.type("two")
    assert await ada.contents() == []
    await ada.composer.press("Enter")
    await ada.expect_comment("one\ntwo")
    await expect(ada.composer).to_have_value("")


async def test_the_limit_counts_characters_as_people_see_them(open_viewer: OpenViewer, video: str) -> None:
    ada = await open_viewer(video, name="Ada")
    family = "👨‍👩‍👧‍👦"
    await ada.composer.fill("a" * 501)
    counter = ada.page.locator("#composer-counter")
    await expect(counter).to_have_text("501/500")
    await ada.composer.press("Enter")
    await expect(ada.composer).to_have_value("a" * 501)
    await ada.composer.fill(family * 500)
    await expect(counter).to_have_text("500/500")
    await ada.composer.press("Enter")
    await ada.expect_comment(family * 500)


async def test_what_could_not_be_sent_is_kept_and_sent_once_on_retry(open_viewer: OpenViewer, video: str) -> None:
    ada = await open_viewer(video, name="Ada")
    grace = await open_viewer(video)

    async def store_and_lose_the_answer(route: Route) -> None:
        await route.fetch()
        await route.fulfill(status=503, content_type="application/problem+json", body="{}")

    await ada.page.route(f"**/comments/{video}", store_and_lose_the_answer, times=1)
    await ada.page.route(f"**/comments/{video}", lambda route: route.abort(), times=1)
    await ada.write("never lost")
    failed = ada.page.locator(".pending--failed")
    await expect(failed).to_contain_text("Not sent: no connection")
    await failed.get_by_role("button", name="Try again").click()
    await expect(ada.page.locator("#pending > li")).to_have_count(0)
    await grace.expect_comment("never lost")
    await ada.expect_comment("never lost")


async def test_the_same_words_from_another_tab_do_not_hide_that_these_were_refused(
    open_viewer: OpenViewer, video: str
) -> None:
    ada = await open_viewer(video, name="Ada")
    session = await ada.page.evaluate("JSON.parse(sessionStorage.getItem('livecomments.session'))")
    other_tab = await open_viewer(video)
    await other_tab.sign_in_with(session["token"], user=session["user"]["userId"], name="Ada")
    said_there = asyncio.Event()

    async def refuse_late(route: Route) -> None:
        await said_there.wait()
        await route.fulfill(status=403, json={"detail": "not these words"})

    await ada.page.route(f"**/comments/{video}", refuse_late, times=1)
    await ada.write("gg")
    await other_tab.write("gg")
    await ada.expect_comment("gg")
    await expect(ada.page.locator("#pending > li:visible")).to_have_count(0)
    said_there.set()
    failed = ada.page.locator(".pending--failed")
    await expect(failed).to_contain_text("not these words")
    await failed.get_by_role("button", name="Try again").click()
    await expect(ada.comment("gg")).to_have_count(2)
    await expect(ada.page.locator("#pending > li")).to_have_count(0)


async def test_the_same_words_twice_are_two_comments(open_viewer: OpenViewer, video: str) -> None:
    ada = await open_viewer(video, name="Ada")
    await ada.write("gg")
    await ada.write("gg")
    await expect(ada.comment("gg")).to_have_count(2)
    await expect(ada.page.locator("#pending > li")).to_have_count(0)


async def test_a_discarded_comment_is_gone(open_viewer: OpenViewer, video: str) -> None:
    ada = await open_viewer(video, name="Ada")
    await ada.page.route(f"**/comments/{video}", lambda route: route.abort(), times=1)
    await ada.write("regretted")
    await ada.page.get_by_role("button", name="Discard").click()
    await expect(ada.page.locator("#pending > li")).to_have_count(0)
    assert await ada.contents() == []


async def test_a_session_that_ended_asks_for_the_name_again(open_viewer: OpenViewer, video: str) -> None:
    ada = await open_viewer(video, name="Ada")
    await ada.page.evaluate(
        "sessionStorage.setItem('livecomments.session', JSON.stringify("
        "{user: {userId: 'u', name: 'Ada'}, token: 'stale'}))"
    )
    await ada.page.reload()
    await ada.page.route(
        f"**/comments/{video}",
        lambda route: route.fulfill(status=401, content_type="application/problem+json", body="{}"),
        times=1,
    )
    await ada.write("hello?")
    await expect(ada.page.locator("#sign-in")).to_contain_text("signed out")
    await ada.sign_in("Ada")
    await ada.page.get_by_role("button", name="Try again").click()
    await ada.expect_comment("hello?")


async def test_where_no_sign_in_is_offered_the_page_is_for_reading(
    open_viewer: OpenViewer, author: Author, video: str
) -> None:
    ada = await open_viewer()
    await ada.page.route("**/auth", lambda route: route.fulfill(json={"accounts": False, "devTokens": False}))
    await ada.open(video)
    await expect(ada.page.locator("#sign-in")).to_contain_text("You can read along")
    await expect(ada.page.get_by_role("button", name="Join")).to_be_hidden()
    await author.post(video, "still readable")
    await ada.expect_comment("still readable")
