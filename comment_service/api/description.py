"""``/openapi.json``: the description of this API."""

from __future__ import annotations

from comment_service.api.handler import ApiHandler
from comment_service.openapi import document_json


class DescriptionHandler(ApiHandler):
    operation = "openapi"
    public = True

    async def get(self) -> None:
        """200, or 304."""
        self.set_header("Cache-Control", "public, max-age=300")
        # Tools that show it run on pages of other origins.
        self.set_header("Access-Control-Allow-Origin", "*")
        await self.finish(document_json())

    head = get
