"""Pages of a video's history over HTTP."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from tests.integration.comment_service.edges import VIDEO, Edges

Ids = list[str]


@pytest.fixture
async def posted(edges: Edges) -> Ids:
    return [(await edges.http.comment(f"comment {n}"))["commentId"] for n in range(10)]


async def page(edges: Edges, **parameters: object) -> tuple[Ids, str | None, bool]:
    answer = await edges.http.get(f"/comments/{VIDEO}?{urlencode(parameters)}")
    assert answer.status == 200, answer
    ids = [comment["commentId"] for comment in answer.json["comments"]]
    return ids, answer.json["nextCursor"], answer.json["hasMore"]


async def test_without_a_cursor_it_is_the_newest_page(edges: Edges, posted: Ids) -> None:
    assert await page(edges) == (posted[::-1], None, False)
    assert await page(edges, pageSize=4) == (posted[:5:-1], posted[6], True)
    assert await page(edges, pageSize=4, sort="asc") == (posted[6:], posted[6], True)


async def test_without_a_cursor_nothing_is_newer(edges: Edges, posted: Ids) -> None:
    assert await page(edges, pageSize=4, direction="after") == (posted[:5:-1], None, False)


async def test_before_takes_what_is_strictly_older(edges: Edges, posted: Ids) -> None:
    assert await page(edges, cursor=posted[6], pageSize=3) == ([posted[5], posted[4], posted[3]], posted[3], True)
    assert await page(edges, cursor=posted[3], pageSize=3) == ([posted[2], posted[1], posted[0]], None, False)
    assert await page(edges, cursor=posted[0]) == ([], None, False)


async def test_after_takes_the_nearest_that_are_strictly_newer(edges: Edges, posted: Ids) -> None:
    newer = await page(edges, cursor=posted[2], pageSize=3, direction="after", sort="asc")
    assert newer == ([posted[3], posted[4], posted[5]], posted[5], True)
    down = await page(edges, cursor=posted[2], pageSize=3, direction="after")
    assert down == ([posted[5], posted[4], posted[3]], posted[5], True)
    assert await page(edges, cursor=posted[9], direction="after") == ([], None, False)


async def test_the_cursor_need_not_exist(edges: Edges, posted: Ids) -> None:
    between = int(posted[5]) + 1
    assert (await page(edges, cursor=between, pageSize=1))[0] == [posted[5]]
    assert (await page(edges, cursor=between, pageSize=1, direction="after"))[0] == [posted[6]]
    assert (await page(edges, cursor=0, pageSize=1, direction="after"))[0] == [posted[0]]
    assert (await page(edges, cursor=2**64 - 1, pageSize=1))[0] == [posted[9]]


async def test_unknown_parameters_are_ignored(edges: Edges, posted: Ids) -> None:
    assert (await page(edges, pageSize=1, _="1732190400"))[0] == [posted[9]]


async def test_a_video_nobody_commented_on_is_empty(edges: Edges) -> None:
    answer = await edges.http.get("/comments/quiet")
    assert (answer.status, answer.json) == (200, {"comments": [], "nextCursor": None, "hasMore": False})


async def test_head_is_get_without_the_body(edges: Edges, posted: Ids) -> None:
    for path in (f"/comments/{VIDEO}", f"/comments/{VIDEO}/{posted[0]}", "/"):
        head, get = await edges.http("HEAD", path), await edges.http.get(path)
        assert (head.status, head.body) == (200, b"")
        assert head.headers["Content-Length"] == str(len(get.body))
        assert head.headers["Content-Type"] == get.headers["Content-Type"]


async def test_an_unchanged_page_is_304(edges: Edges, posted: Ids) -> None:
    etag = (await edges.http.get(f"/comments/{VIDEO}")).headers["ETag"]
    assert (await edges.http.get(f"/comments/{VIDEO}", **{"If-None-Match": etag})).status == 304
    await edges.http.comment("one more")
    assert (await edges.http.get(f"/comments/{VIDEO}", **{"If-None-Match": etag})).status == 200
