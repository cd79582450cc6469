"""The page by keyboard, by screen reader, and for eyes that need contrast."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.page.conftest import OpenViewer
from tests.e2e.page.site import Author, Site
from tests.e2e.page.viewer_page import ViewerPage
from tests.support.images import picture

pytestmark = pytest.mark.asyncio(loop_scope="session")

NAMELESS = """() => [
    ...document.querySelectorAll('button, input, select, textarea, dialog, a, [role], section, nav, main form')]
  .filter((element) => element.checkVisibility())
  .filter((element) => {
    const labels = [...(element.labels ?? [])].map((label) => label.textContent);
    const by = (element.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id));
    const text = element.matches('input, select, textarea, section, dialog, nav') ? '' : element.textContent;
    const images = [...element.querySelectorAll('img')].map((image) => image.alt);
    const referred = by.map((label) => label?.textContent);
    const name = [element.getAttribute('aria-label'), ...images, ...labels, ...referred, text];
    return !element.matches('form, [role=status]') && name.join('').trim() === '';
  })
  .map((element) => element.outerHTML.slice(0, 120))"""

# WCAG 2.2's contrast of each visible text with what is behind it; a canvas turns any notation of a colour to RGB.
LOW_CONTRAST = """() => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 });
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) => [r, g, b]
    .map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const backgrounds = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const { backgroundColor, backgroundImage } = getComputedStyle(at);
      const stops = backgroundImage.match(/(?:oklch|rgba?|color)\\([^()]*\\)/g);
      if (stops) return stops;
      if (rgba(backgroundColor)[3] === 255) return [backgroundColor];
    }
    return ['white'];
  };
  const texts = [...document.querySelectorAll('body *')].filter((element) =>
    element.checkVisibility({ visibilityProperty: true }) &&
    !element.closest('.visually-hidden, .skip, .screen-frame') &&
    [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== ''));
  return texts.flatMap((element) => backgrounds(element).map((background) => {
    const [a, b] = [getComputedStyle(element).color, background].map((c) => luminance(rgba(c))).sort((x, y) => y - x);
    return [(a + 0.05) / (b + 0.05), element];
  })).filter(([ratio]) => ratio < 4.5).map(([ratio, element]) => ratio.toFixed(2) + element.outerHTML.slice(0, 100));
}"""

WITHIN_PADDING = """form => {
  const inside = form.getBoundingClientRect().right - parseFloat(getComputedStyle(form).paddingRight);
  return form.querySelector('button').getBoundingClientRect().right < inside + 1;
}"""

WITHIN_PARENT = """element =>
    element.getBoundingClientRect().right <= element.parentElement.getBoundingClientRect().right"""

# Not wait_for_function, which the page's Content-Security-Policy forbids.
HEARD_WITHIN_A_SECOND = """async (pattern) => {
  for (const deadline = performance.now() + 1000; performance.now() < deadline; ) {
    const found = window.heard.find((text) => new RegExp(pattern).test(text));
    if (found) return found;
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
  return null;
}"""

HUES = 12
ALL_HUES = "rows => rows.forEach((row, at) => { row.dataset.hue = at; })"


async def test_everything_has_a_role_and_a_name(open_viewer: OpenViewer, author: Author, video: str) -> None:
    await author.post(video, "\n".join(f"line {n}" for n in range(20)))
    ada = await open_viewer(video)
    page = ada.page
    assert await page.evaluate(NAMELESS) == []
    await ada.sign_in("Ada")
    assert await page.evaluate(NAMELESS) == []
    assert await page.locator("html").get_attribute("lang") == "en"
    await expect(page.get_by_role("main")).to_have_count(1)
    await expect(page.get_by_role("heading", level=1)).to_have_count(1)
    await expect(page.get_by_role("log", name="Comments")).to_be_visible()
    await expect(page.get_by_role("region", name="Live chat").get_by_role("status").first).to_have_text("Live")
    await expect(page.get_by_role("button", name="Show more")).to_have_attribute("aria-expanded", "false")
    assert await page.evaluate("[...document.querySelectorAll('[id]')].length") == await page.evaluate(
        "new Set([...document.querySelectorAll('[id]')].map((element) => element.id)).size"
    )


async def _tab_to(page: Page, target: Locator) -> None:
    for _ in range(16):
        await page.keyboard.press("Tab")
        if await target.evaluate("element => element === document.activeElement"):
            shadow = await page.evaluate("getComputedStyle(document.activeElement).boxShadow")
            assert shadow != "none", f"no visible focus on {target}"
            return
    raise AssertionError(f"{target} is not reached by the Tab key")


async def _open_everything(ada: ViewerPage, author: Author, video: str) -> None:
    """A thread, reactions, an image, a reply in the making, a comment on its way that failed."""
    await author.post(video, "What a goal")
    await ada.expect_comment("What a goal")
    began = ada.comment("What a goal")
    await ada.attach(("stand.png", picture(size=(64, 48))))
    await expect(ada.page.get_by_role("button", name="Send")).to_be_visible()
    await expect(ada.page.locator(".tray progress:visible")).to_have_count(0)
    await ada.reply(began, "best of the season")
    await ada.expect_comment("best of the season")
    await ada.act(began, "React")
    await ada.page.locator("#picker").get_by_role("button", name="Love").click()
    await expect(began.get_by_role("button", name="Love, 1")).to_be_visible()
    await began.get_by_role("button", name="1 reply").click()
    await expect(began.get_by_role("list", name="Replies").get_by_role("listitem")).to_have_count(1)
    await ada.page.route(f"**/comments/{video}", lambda route: route.abort(), times=1)
    await ada.write("not sent")
    await expect(ada.page.locator(".pending--failed")).to_be_visible()
    await ada.act(ada.comment("What a goal").first, "Reply")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_names_and_contrast_of_all_that_can_be_opened(
    open_viewer: OpenViewer, author: Author, video: str, scheme: str
) -> None:
    ada = await open_viewer(video, name="Ada", role="moderator", color_scheme=scheme)
    page = ada.page
    await _open_everything(ada, author, video)

    async def fine() -> None:
        assert await page.evaluate(NAMELESS) == []
        assert await page.evaluate(LOW_CONTRAST) == []

    await fine()
    began = ada.comment("What a goal").first
    for item, title in [
        ("Report", "Report this comment"),
        ("Delete", "Delete this comment?"),
        ("Ban Grace", "Ban Grace"),
    ]:
        await ada.act(began, "More")
        await expect(page.get_by_role("menu", name="More")).to_be_visible()
        await fine()
        await page.get_by_role("menuitem", name=item).click()
        await expect(page.get_by_role("dialog", name=title)).to_be_visible()
        await fine()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.get_by_role("button", name="Moderate").click()
    await expect(page.get_by_role("dialog", name="Moderate")).to_be_visible()
    await fine()
    await page.keyboard.press("Escape")
    await ada.act(began, "More", "Edit")
    await expect(page.get_by_label("Edit your comment")).to_be_focused()
    await fine()


async def test_a_comments_buttons_by_keyboard(open_viewer: OpenViewer, author: Author, video: str) -> None:
    await author.post_in_order(video, [f"line {n}" for n in range(30)])
    ada = await open_viewer(video, name="Ada")
    page, press = ada.page, ada.page.keyboard.press
    await ada.expect_comment("line 29")
    await page.locator("#moderate, #sign-out").last.focus()
    await _tab_to(page, ada.log)
    # Thirty comments are one stop.
    await _tab_to(page, page.get_by_role("button", name="Attach images"))
    await ada.log.focus()
    for _ in range(3):
        await press("ArrowUp")
    row = ada.comment("line 27")
    await expect(row).to_be_focused()
    await _tab_to(page, row.get_by_role("button", name="React"))
    await press("Enter")
    await expect(page.locator("#picker").get_by_role("button", name="Like")).to_be_focused()
    await press("ArrowRight")
    await press("Enter")
    await expect(row.get_by_role("button", name="Love, 1")).to_have_attribute("aria-pressed", "true")
    await expect(row.get_by_role("button", name="React")).to_be_focused()
    await _tab_to(page, row.get_by_role("button", name="More"))
    await press("Enter")
    await expect(page.get_by_role("menuitem", name="Report")).to_be_focused()
    await press("Escape")
    await expect(row.get_by_role("button", name="More")).to_be_focused()
    await press("Shift+Tab")
    await press("Enter")
    await expect(ada.composer).to_be_focused()
    await page.keyboard.type("by keyboard")
    await press("Enter")
    await expect(ada.comment("by keyboard").locator(".comment__quoted")).to_have_text("Grace: line 27")


async def test_the_focus_survives_the_comment_that_it_was_on(
    open_viewer: OpenViewer, author: Author, video: str
) -> None:
    first = await author.post(video, "goes")
    await author.post(video, "stays")
    ada = await open_viewer(video)
    await ada.expect_comment("stays")
    await ada.log.focus()
    await ada.page.keyboard.press("Home")
    await expect(ada.comment("goes")).to_be_focused()
    await author.delete(video, first["commentId"])
    await expect(ada.rows).to_have_count(1)
    await expect(ada.comment("stays")).to_be_focused()


async def test_the_focus_goes_to_the_log_where_the_button_goes(open_viewer: OpenViewer, video: str) -> None:
    ada = await open_viewer(video, name="Ada")
    await ada.page.route(f"**/comments/{video}", lambda route: route.abort(), times=1)
    await ada.write("regretted")
    for name in ("Try again", "Sign out"):
        await ada.page.get_by_role("button", name=name).focus()
        await ada.page.keyboard.press("Enter")
        await expect(ada.log).to_be_focused()


async def test_by_keyboard_alone(open_viewer: OpenViewer, video: str) -> None:
    ada = await open_viewer(video)
    page = ada.page
    await _tab_to(page, ada.log)
    await _tab_to(page, page.locator("#sign-in-name"))
    await page.keyboard.type("Ada")
    await page.keyboard.press("Enter")
    await expect(ada.composer).to_be_focused()
    await page.keyboard.type("no mouse here")
    await page.keyboard.press("Enter")
    await ada.expect_comment("no mouse here")
    await expect(ada.composer).to_be_focused()


async def test_a_screen_reader_hears_comments_but_no_burst(open_viewer: OpenViewer, author: Author, video: str) -> None:
    await author.post(video, "from before")
    ada = await open_viewer(video)
    await ada.page.evaluate(
        """() => {
          const region = document.querySelector('#announcements');
          window.heard = [];
          new MutationObserver(() => window.heard.push(region.textContent)).observe(region, { childList: true });
        }"""
    )

    async def hears(pattern: str) -> str:
        """What is heard next that matches; comments go on coming until it is."""
        found = None
        while found is None:
            await author.post(video, "hello there")
            found = await ada.page.evaluate(HEARD_WITHIN_A_SECOND, pattern)
        return str(found)

    assert "from before" not in await hears("Grace: hello there")
    await author.burst(video, [f"burst {n}" for n in range(60)])
    await hears(r"\d+ new comments")
    assert await ada.page.evaluate("window.heard.length") < 20
    assert await ada.log.get_attribute("aria-live") == "off"
    assert await ada.page.locator("#announcements").get_attribute("aria-live") == "polite"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_text_has_contrast(open_viewer: OpenViewer, author: Author, video: str, scheme: str) -> None:
    await author.post_in_order(video, [f"colour {hue}" for hue in range(HUES)])
    ada = await open_viewer(video, name="Ada", color_scheme=scheme)
    await ada.expect_comment(f"colour {HUES - 1}")
    await ada.rows.evaluate_all(ALL_HUES)
    await ada.write("own")
    await ada.expect_comment("own")
    await ada.page.route(f"**/comments/{video}", lambda route: route.abort(), times=1)
    await ada.write("mine")
    await expect(ada.page.locator(".pending--failed")).to_be_visible()
    assert await ada.page.evaluate(LOW_CONTRAST) == []


async def test_nothing_moves_for_who_asked_for_that(open_viewer: OpenViewer, author: Author, video: str) -> None:
    ada = await open_viewer(video, reduced_motion="reduce")
    await author.post(video, "still")
    await ada.expect_comment("still")
    assert await ada.page.evaluate("document.getAnimations().length") == 0


@pytest.mark.parametrize("width", [320, 390])
async def test_choosing_a_video_fits_a_phone(open_viewer: OpenViewer, site: Site, width: int) -> None:
    ada = await open_viewer(viewport={"width": width, "height": 740})
    await ada.page.goto(f"{site.url}/")
    box = await ada.page.locator(".card").bounding_box()
    assert box is not None
    assert box["x"] * 2 + box["width"] == width


@pytest.mark.parametrize("width", [320, 390, 820, 1024, 1920])
async def test_no_width_needs_sideways_scrolling(
    open_viewer: OpenViewer, author: Author, video: str, width: int
) -> None:
    began = await author.post(video, "w" * 500)
    await author.post(video, "n" * 100, replyTo=began["commentId"])
    ada = await open_viewer(video, viewport={"width": width, "height": 740})
    assert await ada.page.locator("#sign-in").evaluate(WITHIN_PADDING)
    for part in (".comment__quote", ".comment__content"):
        assert await ada.comment("n" * 100).locator(part).evaluate(WITHIN_PARENT)
    await ada.page.get_by_role("button", name="1 reply").click()
    await expect(ada.page.get_by_role("list", name="Replies").get_by_role("listitem")).to_have_count(1)
    await ada.sign_in("A name that is rather long")
    await ada.expect_comment("w" * 500)
    assert await ada.page.evaluate("document.documentElement.scrollWidth") == width
    assert await ada.log.evaluate("log => log.scrollWidth <= log.clientWidth")
    await expect(ada.composer).to_be_in_viewport()
    box = await ada.log.bounding_box()
    assert box is not None
    assert box["height"] > 200
