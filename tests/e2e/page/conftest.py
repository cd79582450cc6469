"""A server, a browser, and viewers in it."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from ops.commands.tokens import Role
from tests.e2e.page.site import Author, Site, overriding_site
from tests.e2e.page.viewer_page import ViewerPage
from tests.support.missing import skip_or_fail

CHROMIUM = Path("/usr/bin/chromium")
ARGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

# The default of 5 s is a deadline like any other, and short for two shared cores.
expect.set_options(timeout=15_000)

OpenViewer = Callable[..., Awaitable[ViewerPage]]


@pytest.fixture
def site(request: pytest.FixtureRequest) -> Site:
    """The shared cluster; a test that breaks its cluster asks for ``own_cluster`` and gets that."""
    site: Site
    if "own_cluster" in request.fixturenames:
        site = request.getfixturevalue("own_cluster")
    else:
        site = overriding_site() or request.getfixturevalue("cluster")
    return site


@pytest.fixture
def video() -> str:
    return f"page-{uuid.uuid4().hex[:12]}"


@pytest_asyncio.fixture(loop_scope="session")
async def author(site: Site) -> Author:
    return Author(site, await site.token(user="u-author", name="Grace"))


@pytest.fixture(scope="session")
def chromium() -> Path:
    if not CHROMIUM.exists():
        skip_or_fail("no Chromium here: apt-get install chromium")
    return CHROMIUM


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: Path) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def open_viewer(browser: Browser, site: Site) -> AsyncIterator[OpenViewer]:
    """Opens a browser of its own for each viewer, at a video where one is given; none may end with a fault."""
    viewers: list[ViewerPage] = []

    async def open_one(
        video: str | None = None, *, name: str | None = None, role: Role = "viewer", **options: Any
    ) -> ViewerPage:
        # The stage's moving lights, drawn without a graphics card, take as much as a node.
        options = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **options}
        context = await browser.new_context(**options)
        viewer = ViewerPage(context, await context.new_page(), site.url)
        viewers.append(viewer)
        if video is not None:
            await viewer.open(video)
        if name is not None and role == "viewer":
            await viewer.sign_in(name)
        elif name is not None:
            user = f"u-{name.lower()}"
            await viewer.sign_in_with(
                await site.token(user=user, name=name, role=role), user=user, name=name, role=role
            )
        return viewer

    yield open_one
    for viewer in viewers:
        await viewer.context.close()
        assert viewer.faults == []
