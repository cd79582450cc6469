"""Requests that an author's client does not make."""

from __future__ import annotations

import json
from typing import Any

from ops.client import HttpClient


class Desk:
    """One user's: method, path and JSON document in, status and JSON document out."""

    def __init__(self, http: HttpClient, token: str) -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    async def __call__(self, method: str, path: str, document: object = None) -> tuple[int, Any]:
        body = b"" if document is None else json.dumps(document).encode()
        answer = await self._http.request(method, path, headers=self._headers, body=body)
        return answer.status, json.loads(answer.body) if answer.body else None
