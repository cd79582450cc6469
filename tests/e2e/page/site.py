"""The server that the page is tested against: a cluster, or one that runs already."""

from __future__ import annotations

import asyncio
import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterable
from typing import Any, Protocol

import pytest

from ops.commands.tokens import Role

#: The address of a running server with development tokens, instead of a cluster of the test's own.
OVERRIDE = "LIVECOMMENTS_TEST_URL"
_AT_ONCE = 8


class Site(Protocol):
    """What the tests need of a server."""

    @property
    def url(self) -> str: ...

    async def token(self, *, user: str, name: str, role: Role = "viewer") -> str: ...


class RunningSite:
    """The server at an address; tokens as a visitor gets them."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    async def token(self, *, user: str, name: str, role: Role = "viewer") -> str:
        if role != "viewer":
            pytest.skip("a running server gives viewers' tokens alone")
        answer = await asyncio.to_thread(_post, f"{self.url}/auth/dev-token", {"name": name}, {})
        return str(answer["token"])


def overriding_site() -> RunningSite | None:
    url = os.environ.get(OVERRIDE)
    return RunningSite(url) if url else None


class Author:
    """Someone who posts without a browser."""

    def __init__(self, site: Site, token: str) -> None:
        self._site = site
        self._headers = {"Authorization": f"Bearer {token}"}

    async def post(self, video: str, content: str, **fields: Any) -> dict[str, Any]:
        url = f"{self._site.url}/comments/{video}"
        return await asyncio.to_thread(_post, url, {"content": content, **fields}, self._headers)

    async def delete(self, video: str, comment_id: str) -> None:
        url = f"{self._site.url}/comments/{video}/{comment_id}"
        await asyncio.to_thread(_send, "DELETE", url, None, self._headers)

    async def post_in_order(self, video: str, contents: Iterable[str]) -> None:
        for content in contents:
            await self.post(video, content)

    async def burst(self, video: str, contents: Iterable[str]) -> None:
        """Posts as fast as the server takes them, a few at once, in no order."""
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(content: str) -> None:
            async with gate:
                await self.post(video, content)

        await asyncio.gather(*(one(content) for content in contents))


def _post(url: str, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    created: dict[str, Any] = json.loads(_send("POST", url, body, headers))
    return created


def _send(method: str, url: str, body: dict[str, Any] | None, headers: dict[str, str]) -> bytes:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            content: bytes = answer.read()
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{url}: {error.code} {error.read()!r}") from error
    return content
