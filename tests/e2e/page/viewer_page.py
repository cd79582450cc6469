"""The page in a browser, as a test talks about it."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, FilePayload, Locator, Page, Request, expect

FIRST_IN_VIEW = """
  const top = log.getBoundingClientRect().top;
  const row = [...log.querySelectorAll('#comments > li')].find((li) => li.getBoundingClientRect().bottom > top);
  return [row.querySelector('.comment__content').textContent, Math.round(row.getBoundingClientRect().top - top)];
"""
AT_REST = """
  const frames = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  for (let before = NaN; before !== log.scrollTop; ) {
    before = log.scrollTop;
    await frames();
    await frames();
  }
"""


class ViewerPage:
    """One browser at one video. ``faults`` gathers what no page may have: errors, refused content, foreign requests."""

    def __init__(self, context: BrowserContext, page: Page, url: str) -> None:
        self.context = context
        self.page = page
        self.faults: list[str] = []
        self._url = url
        self._host = urlsplit(url).netloc
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("request", self._on_request)
        page.on("console", self._on_console)

    async def open(self, video: str) -> None:
        """Opens the video and waits until it is live."""
        await self.page.goto(f"{self._url}/?video={video}")
        await self.expect_state("Live")

    async def sign_in(self, name: str) -> None:
        await self.page.get_by_label("Your name").fill(name)
        await self.page.get_by_role("button", name="Join").click()
        await expect(self.composer).to_be_visible()

    async def sign_in_with(self, token: str, *, user: str, name: str, role: str = "viewer") -> None:
        """As somebody whose token comes from elsewhere; the page has to be opened before and is loaded again."""
        session = {"user": {"userId": user, "name": name, "roles": [role]}, "token": token}
        await self.page.evaluate(
            "session => sessionStorage.setItem('livecomments.session', JSON.stringify(session))", session
        )
        await self.page.reload()
        await self.expect_state("Live")
        await expect(self.composer).to_be_visible()

    async def write(self, content: str) -> None:
        await self.composer.fill(content)
        await self.composer.press("Enter")

    @property
    def composer(self) -> Locator:
        return self.page.get_by_label("Your comment", exact=True)

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log")

    @property
    def newest(self) -> Locator:
        """The way back to the newest comment, with how many came meanwhile."""
        return self.page.locator("#newest")

    @property
    def rows(self) -> Locator:
        return self.page.locator("#comments > li")

    def comment(self, content: str) -> Locator:
        """The rows whose whole content is ``content``."""
        return self.rows.filter(has=self.page.get_by_text(content, exact=True))

    async def act(self, row: Locator, button: str, item: str | None = None) -> None:
        """Presses a button of a comment; ``item``: what to choose from the menu that it opens."""
        await row.locator(".comment__head").first.hover()
        await row.get_by_role("button", name=button, exact=True).first.click()
        if item is not None:
            await self.page.get_by_role("menuitem", name=item).click()

    async def reply(self, row: Locator, content: str) -> None:
        await self.act(row, "Reply")
        await expect(self.composer).to_be_focused()
        await self.write(content)

    async def attach(self, *images: tuple[str, bytes]) -> None:
        """Attaches images, each a name and a PNG."""
        files: list[FilePayload] = [{"name": name, "mimeType": "image/png", "buffer": data} for name, data in images]
        await self.page.locator("#composer input[type=file]").set_input_files(files)

    async def expect_state(self, word: str) -> None:
        await expect(self.page.locator("#connection")).to_have_text(word, timeout=20_000)

    async def expect_comment(self, content: str) -> None:
        """It is there, and once."""
        await expect(self.comment(content)).to_have_count(1, timeout=20_000)

    async def contents(self) -> list[str]:
        return await self.page.locator("#comments .comment__content").all_text_contents()

    async def scroll_by(self, pixels: int) -> None:
        """Turns the wheel over the log."""
        await self.log.hover()
        await self.page.mouse.wheel(0, pixels)

    async def first_in_view(self) -> tuple[str, int]:
        """The first comment in view and how many pixels below the log's top it begins, once nothing scrolls."""
        content, top = await self.log.evaluate(f"async (log) => {{ {AT_REST} {FIRST_IN_VIEW} }}")
        return content, top

    async def jump(self, top: int) -> tuple[str, int]:
        """Scrolls to ``top`` at once, as by dragging the bar. Returns what is first in view there, as above."""
        content, top = await self.log.evaluate(f"(log, to) => {{ log.scrollTop = to; {FIRST_IN_VIEW} }}", top)
        return content, top

    async def at_bottom(self) -> bool:
        return bool(await self.log.evaluate("log => log.scrollHeight - log.scrollTop - log.clientHeight < 2"))

    def _on_console(self, message: ConsoleMessage) -> None:
        # "[DOM]": what Chromium advises about the markup, such as a field without `autocomplete`.
        if "Content Security Policy" in message.text or message.text.startswith("[DOM]"):
            self.faults.append(message.text)

    def _on_request(self, request: Request) -> None:
        if urlsplit(request.url).scheme == "blob":
            return  # an image of this very page, about to be sent
        if urlsplit(request.url).netloc != self._host:
            self.faults.append(f"foreign: {request.url}")
