"""What else the stream may bring. The browser is given a stream as CONTRACT describes it, byte for byte."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.async_api import Route, expect

from tests.e2e.page.conftest import OpenViewer
from tests.e2e.page.site import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")


def _comment(number: int, content: str, **other: Any) -> dict[str, Any]:
    return {
        "commentId": str(7301458392012345344 + number),
        "liveVideoId": "v",
        "authorId": f"u-{number}",
        "authorName": f"Author {number}",
        "content": content,
        "createdAt": "2026-11-21T12:00:00.123Z",
        "replyTo": None,
        "media": [],
        "reactions": {},
        "editedAt": None,
        **other,
    }


def _frame(event: str, data: dict[str, Any]) -> str:
    identity = f"id: {data['commentId']}\n" if event == "comment" else ""
    return f"{identity}event: {event}\ndata: {json.dumps(data)}\n\n"


def _stream(*frames: str) -> Any:
    async def fulfil(route: Route) -> None:
        # The long `retry:` keeps the page from asking again before the test has looked.
        await route.fulfill(content_type="text/event-stream", body="retry: 60000\n\n" + "".join(frames))

    return fulfil


async def test_edits_deletions_and_viewers(open_viewer: OpenViewer, site: Site, video: str) -> None:
    ada = await open_viewer()
    edited = _comment(1, "better", editedAt="2026-11-21T12:01:00.000Z")
    await ada.page.route(
        "**/stream?*",
        _stream(
            *(_frame("comment", _comment(n, f"said {n}")) for n in range(3)),
            _frame("edit", edited),
            _frame("delete", {"commentId": _comment(2, "")["commentId"]}),
            _frame("viewers", {"count": 12_345}),
            _frame("reactions", {"video": {"love": 3}, "comments": {}}),
        ),
    )
    await ada.page.goto(f"{site.url}/?video={video}")
    await expect(ada.rows).to_have_count(2)
    assert await ada.contents() == ["said 0", "better"]
    await expect(ada.comment("better").locator(".comment__edited")).to_be_visible()
    await expect(ada.comment("said 0").locator(".comment__edited")).to_be_hidden()
    await expect(ada.page.locator("#viewers")).to_have_text("12,345 watching")


async def test_the_end(open_viewer: OpenViewer, site: Site, video: str) -> None:
    ada = await open_viewer(video, name="Ada")
    await ada.page.route("**/stream?*", _stream(_frame("comment", _comment(1, "bye")), _frame("end", {})))
    await ada.page.goto(f"{site.url}/?video={video}")
    await ada.expect_state("Ended")
    await ada.expect_comment("bye")
    await expect(ada.page.get_by_text("The video has ended")).to_be_visible()
    await expect(ada.composer).to_be_hidden()


async def test_more_was_missed_than_the_stream_replays(open_viewer: OpenViewer, site: Site, video: str) -> None:
    ada = await open_viewer()
    missed = [_comment(n, f"said {n}") for n in range(1, 6)]

    async def history(route: Route) -> None:
        await route.fulfill(json={"comments": missed, "nextCursor": None, "hasMore": False})

    await ada.page.route("**/comments/*?*", history)
    resync = _frame("resync", {"after": _comment(0, "")["commentId"], "reason": "too_old"})
    await ada.page.route(
        "**/stream?*",
        _stream(
            _frame("comment", _comment(0, "said 0")),
            resync,
            *(_frame("comment", _comment(n, f"said {n}")) for n in range(4, 8)),
        ),
    )
    await ada.page.goto(f"{site.url}/?video={video}")
    await expect(ada.rows).to_have_count(8)
    assert await ada.contents() == [f"said {n}" for n in range(8)]
