"""The page and its files."""

from __future__ import annotations

import re
from urllib.parse import urljoin

from comment_service.api.page import WEB
from tests.integration.comment_service.edges import Edges


async def test_the_page_is_html_under_a_strict_policy(edges: Edges) -> None:
    answer = await edges.http.get("/")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "Server" not in answer.headers


async def test_every_file_that_the_page_names_is_there_with_its_type(edges: Edges) -> None:
    page = (await edges.http.get("/")).body.decode()
    named = {urljoin("/", path) for path in re.findall(r"""(?:src|href)="(/?assets/[^"]+)\"""", page)}
    assert {path.rsplit(".", 1)[-1] for path in named} >= {"js", "css"}
    types = {"js": "javascript", "css": "text/css", "svg": "image/svg+xml"}
    for path in named:
        answer = await edges.http.get(path)
        assert answer.status == 200, path
        assert types[path.rsplit(".", 1)[-1]] in answer.headers["Content-Type"], path
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_file_is_asked_for_again_and_is_304_while_it_is_the_same(edges: Edges) -> None:
    first = await edges.http.get("/assets/livecomments.js")
    assert first.body == (WEB / "livecomments.js").read_bytes()
    assert first.headers["Cache-Control"] == "no-cache"
    again = await edges.http.get("/assets/livecomments.js", **{"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    other = await edges.http.get("/assets/livecomments.js", **{"If-None-Match": '"other"'})
    assert other.status == 200


async def test_a_part_of_a_file_can_be_asked_for(edges: Edges) -> None:
    part = await edges.http.get("/assets/livecomments.js", Range="bytes=0-9")
    assert (part.status, len(part.body)) == (206, 10)
    beyond = await edges.http.get("/assets/livecomments.js", Range="bytes=99999999-")
    assert (beyond.status, beyond.json["status"]) == (416, 416)
    assert beyond.headers["Content-Range"] == f"bytes */{(WEB / 'livecomments.js').stat().st_size}"
