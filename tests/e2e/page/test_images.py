"""Images in comments."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Route, expect

from tests.e2e.page.conftest import OpenViewer
from tests.support.images import picture

pytestmark = pytest.mark.asyncio(loop_scope="session")

PASTE = """([area, type, bytes]) => {
  const files = new DataTransfer();
  files.items.add(new File([new Uint8Array(bytes)], 'shot.png', { type: 'image/png' }));
  const event = type === 'paste'
    ? new ClipboardEvent('paste', { clipboardData: files, bubbles: true, cancelable: true })
    : new DragEvent('drop', { dataTransfer: files, bubbles: true, cancelable: true });
  document.querySelector(area).dispatchEvent(event);
}"""

# Not the bounding box: the row may still be on its way in.
PLACES = "images => images.map((image) => [image.closest('.comment').offsetTop, image.offsetHeight])"


async def test_an_image_is_shown_with_its_room_kept(open_viewer: OpenViewer, video: str) -> None:
    ada = await open_viewer(video, name="Ada")
    bob = await open_viewer(video)
    await ada.attach(("stand.png", picture(size=(320, 200))), ("field.png", picture(size=(90, 120))))
    tray = ada.page.get_by_role("list", name="Images to send")
    await expect(tray.get_by_role("img")).to_have_count(2)
    await expect(tray.locator("progress:visible")).to_have_count(0)
    await ada.write("From the stand")
    await expect(tray).to_be_hidden()
    image = bob.comment("From the stand").get_by_role("img", name="Image 1 of 2 from Ada")
    assert await image.get_attribute("width") == "320"
    assert await image.get_attribute("height") == "200"
    await expect(image).to_have_js_property("naturalWidth", 320)
    await image.click()
    large = bob.page.get_by_role("dialog", name="Image 1 of 2 from Ada")
    await expect(large.get_by_role("img")).to_have_js_property("complete", True)
    await expect(large.get_by_role("link", name="Open in a new tab")).to_have_attribute(
        "href", str(await image.get_attribute("src"))
    )
    await bob.page.keyboard.press("Escape")
    await expect(large).to_be_hidden()


async def test_nothing_moves_when_an_image_arrives(open_viewer: OpenViewer, video: str) -> None:
    ada = await open_viewer(video, name="Ada")
    bob = await open_viewer(video, viewport={"width": 390, "height": 740})
    let_go = asyncio.Event()

    async def slowly(route: Route) -> None:
        await let_go.wait()
        await route.continue_()

    await bob.page.route("**/media/*", slowly)
    for name, size in [("wide", (600, 300)), ("high", (200, 900))]:
        await ada.attach((f"{name}.png", picture(size=size)))
        await expect(ada.page.get_by_role("button", name=f"Remove {name}.png")).to_be_visible()
        await expect(ada.page.locator(".tray progress:visible")).to_have_count(0)
        await ada.write(name)
        await bob.expect_comment(name)
    images = bob.rows.locator(".images img")
    await expect(images).to_have_count(2)
    before = await images.evaluate_all(PLACES)
    assert all(height > 100 for _, height in before)
    let_go.set()
    for image in await images.all():
        await expect(image).not_to_have_js_property("naturalWidth", 0)
    assert await images.evaluate_all(PLACES) == before
    assert await bob.at_bottom()


@pytest.mark.parametrize(("area", "way"), [("#composer-text", "paste"), ("#log", "drop")])
async def test_images_are_pasted_and_dropped(open_viewer: OpenViewer, video: str, area: str, way: str) -> None:
    ada = await open_viewer(video, name="Ada")
    await ada.page.evaluate(PASTE, [area, way, list(picture(size=(8, 8)))])
    await expect(ada.page.get_by_role("img", name="shot.png")).to_be_visible()
    await expect(ada.page.locator(".tray progress:visible")).to_have_count(0)
    await ada.write("here it is")
    await expect(ada.comment("here it is").get_by_role("img")).to_have_attribute("alt", "Image from Ada")


async def test_what_is_no_image_or_too_many_is_said(open_viewer: OpenViewer, video: str) -> None:
    ada = await open_viewer(video, name="Ada")
    note = ada.page.locator(".composer__note")
    await ada.attach(("fake.png", b"no image at all"))
    await expect(note).to_contain_text("fake.png was not taken")
    await ada.attach(*((f"{n}.png", picture(size=(8, 8))) for n in range(5)))
    await expect(note).to_contain_text("4 images at most")
    await expect(ada.page.locator(".tray__image")).to_have_count(4)
    await ada.page.get_by_role("button", name="Remove 2.png").click()
    await expect(ada.page.locator(".tray__image")).to_have_count(3)


async def test_a_comment_waits_for_its_images(open_viewer: OpenViewer, video: str) -> None:
    ada = await open_viewer(video, name="Ada")
    let_go = asyncio.Event()

    async def slowly(route: Route) -> None:
        await let_go.wait()
        await route.continue_()

    await ada.page.route("**/media", slowly)
    await ada.attach(("slow.png", picture(size=(8, 8))))
    await ada.write("with it")
    await expect(ada.composer).to_have_value("with it")
    await expect(ada.page.get_by_role("progressbar", name="Sending slow.png")).to_be_visible()
    let_go.set()
    await expect(ada.page.get_by_role("button", name="Send")).to_have_attribute("aria-disabled", "false")
    await ada.composer.press("Enter")
    await expect(ada.comment("with it").get_by_role("img")).to_have_count(1)


async def test_an_image_alone_is_no_comment_and_that_is_said(open_viewer: OpenViewer, video: str) -> None:
    ada = await open_viewer(video, name="Ada")
    posted: list[str] = []
    ada.page.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)
    await expect(ada.composer).to_have_attribute("placeholder", "Say something…")
    await ada.attach(("stand.png", picture(size=(64, 48))))
    await expect(ada.page.locator(".tray progress:visible")).to_have_count(0)
    await expect(ada.composer).to_have_attribute("placeholder", "Say something with it…")
    await ada.page.get_by_role("button", name="Send").click(force=True)
    note = ada.page.locator(".composer__note")
    await expect(note).to_have_text("An image needs a few words, too.")
    await expect(ada.composer).to_be_focused()
    assert [url for url in posted if not url.endswith("/media")] == []
    await ada.page.keyboard.type("From the stand")
    await expect(note).to_be_empty()
    await ada.page.keyboard.press("Enter")
    await expect(ada.comment("From the stand").get_by_role("img")).to_have_count(1)
    await expect(ada.composer).to_have_attribute("placeholder", "Say something…")
