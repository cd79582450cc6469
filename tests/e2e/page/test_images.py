"""An image in a browser: it loads, and whatever it is taken for, nothing in it runs."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Browser

from ops.client import HttpClient
from tests.e2e.page.site import Site
from tests.support.images import FORM, form, part, picture

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOAD = """async source => {
    const image = new Image();
    image.src = source;
    await image.decode();
    return [image.naturalWidth, image.naturalHeight];
}"""


async def test_an_uploaded_image_loads_and_runs_nothing(browser: Browser, site: Site) -> None:
    html = b"<html><script>document.title = 'run'</script></html>"
    async with HttpClient(site.url) as http:
        headers = FORM | {"Authorization": f"Bearer {await site.token(user='u-author', name='Grace')}"}
        answer = await http.request("POST", "/media", headers=headers, body=form(part(picture("GIF", comment=html))))
    path = f"/media/{json.loads(answer.body)['mediaId']}"
    page = await browser.new_page()
    await page.goto(site.url)
    assert await page.evaluate(LOAD, path) == [64, 48]
    await page.goto(site.url + path)
    assert "run" not in await page.title()
    await page.close()
