"""Answers of history over HTTP: what a browser or a CDN may keep of them, and 304."""

from __future__ import annotations

from comment_service.api.handler import ApiHandler
from comment_service.history.page_cache import Answer, Life
from comment_service.history.wanted import Wanted


class HistoryHandler(ApiHandler):
    """A GET that a cache before this process can help with. ``Cache-Control: no-cache`` asks for what is there now."""

    async def answer(self, wanted: Wanted) -> None:
        """200 and what is wanted, or 304 where the client has it."""
        answer = await self.context.services.history.answer(wanted, fresh=self._wants_it_fresh())
        self._etag = answer.etag
        self.set_header("Cache-Control", self._cache_control(answer))
        await self.finish(answer.body)

    def compute_etag(self) -> str | None:
        return getattr(self, "_etag", None)

    def _wants_it_fresh(self) -> bool:
        directives = self.request.headers.get("Cache-Control", "").lower().replace(" ", "").split(",")
        return "no-cache" in directives or "max-age=0" in directives

    def _cache_control(self, answer: Answer) -> str:
        seconds = self.context.public_s
        if answer.life is Life.NONE or not seconds:
            return "no-cache"
        if answer.life is Life.RECENT:
            return "public, max-age=1"
        return f"public, max-age={seconds}, stale-while-revalidate={seconds}"
