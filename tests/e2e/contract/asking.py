"""Requests as users of the API make them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from ops.client import HttpClient, Response
from ops.commands.tokens import Role, Signer
from tests.support.cluster import Cluster


@dataclass(frozen=True)
class Told:
    """An answer; ``json`` None where the body is not JSON."""

    response: Response
    json: Any

    @property
    def status(self) -> int:
        return self.response.status

    def header(self, name: str) -> str:
        """Empty where it is not there."""
        return self.response.head.headers.get(name.lower()) or ""

    def assert_problem(self, status: int, named: str = "") -> None:
        """RFC 9457, with ``named`` in its detail."""
        assert self.status == status, self.response
        assert self.header("content-type").startswith("application/problem+json")
        assert self.json["status"] == status
        assert self.json["type"]
        assert self.json["title"]
        assert named.lower() in self.json["detail"].lower(), self.json


class Asking:
    """Asks a cluster by HTTP. Every answer has to be marked ``nosniff``."""

    def __init__(self, cluster: Cluster) -> None:
        self._signer = Signer(cluster.options.jwt_secret)
        self._http = HttpClient(cluster.url)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._http.aclose()

    async def __call__(
        self,
        method: str,
        path: str,
        document: object = None,
        *,
        user: str | None = "ada",
        role: Role = "viewer",
        body: bytes | None = None,
        videos: tuple[str, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Told:
        """``user`` None: without a token. ``document``: the body as JSON; ``body``: as it is."""
        sent = dict(headers or {})
        if user is not None:
            sent["Authorization"] = f"Bearer {self._signer.sign(user, user.title(), role, videos=videos)}"
        if document is not None:
            body = json.dumps(document).encode()
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        response = await self._http.request(method, path, headers=sent, body=body)
        assert response.head.headers.get("x-content-type-options") == "nosniff", response
        is_json = "json" in (response.head.headers.get("content-type") or "") and response.body
        return Told(response, json.loads(response.body) if is_json else None)

    async def comment(self, video: str, content: str = "hello", *, user: str = "ada", **fields: object) -> Any:
        """The JSON of a new comment."""
        told = await self("POST", f"/comments/{video}", {"content": content, **fields}, user=user)
        assert told.status == 201, told
        return told.json
