"""Reacting over HTTP as many users, and what viewers know of it."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any

from ops.client import HttpClient
from tests.support.cluster import Cluster
from tests.support.viewers import Received, Viewer


def known(viewer: Viewer) -> dict[str, Any]:
    """What a page shows that has had these events: under ``video``, and under each comment's id."""
    page: dict[str, Any] = {"video": {}}
    for event in viewer.events:
        if event.event in {"comment", "edit"}:
            page[event.json()["commentId"]] = event.json()["reactions"]
        elif event.event == "reactions":
            page["video"] |= event.json()["video"]
            page |= {comment_id: of for comment_id, of in event.json()["comments"].items() if comment_id in page}
    return page


def frames(viewer: Viewer) -> list[Received]:
    """The ``reactions`` events that it got."""
    return [event for event in viewer.events if event.event == "reactions"]


class Reactor:
    """Reacts to what is in a cluster."""

    def __init__(self, cluster: Cluster, *, at_once: int = 32) -> None:
        self._cluster = cluster
        self._http = HttpClient(cluster.url, max_connections=at_once, timeout_s=60)
        self._tokens: dict[str, str] = {}

    async def __aenter__(self) -> Reactor:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def react(self, video: str, comment_id: int, kind: str, *, user: str = "ada") -> None:
        await self._ask(204, "PUT", f"/comments/{video}/{comment_id}/reactions/{kind}", user)

    async def unreact(self, video: str, comment_id: int, kind: str, *, user: str = "ada") -> None:
        await self._ask(204, "DELETE", f"/comments/{video}/{comment_id}/reactions/{kind}", user)

    async def react_to_video(self, video: str, kind: str, *, user: str = "ada") -> None:
        await self._ask(202, "POST", f"/videos/{video}/reactions", user, {"kind": kind})

    async def _ask(self, expected: int, method: str, path: str, user: str, document: object = None) -> None:
        if user not in self._tokens:
            self._tokens[user] = await self._cluster.token(user)
        headers = {"Authorization": f"Bearer {self._tokens[user]}"}
        body = None
        if document is not None:
            body, headers["Content-Type"] = json.dumps(document).encode(), "application/json"
        response = await self._http.request(method, path, headers=headers, body=body)
        assert response.status == expected, (response.status, response.body)
