"""``/comments/{liveVideoId}``: post, and pages of the history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from comment_service.api.history import HistoryHandler
from comment_service.api.json_body import json_object, text_field
from comment_service.api.query import page_request, parse_id
from comment_service.comments import Draft
from comment_service.history.wanted import PageOf
from comment_service.idempotency import check_key
from comment_service.rates import Action
from comment_service.refusal import InvalidArgument


class CommentsHandler(HistoryHandler):
    operation = "comments"

    async def post(self, live_video_id: str) -> None:
        """201 and the comment, once it is durable."""
        live_video_id = self.video(live_video_id)
        sender = self.admitted(Action.POST, live_video_id)
        draft = draft_of(live_video_id, json_object(self.request))
        draft = replace(draft, idempotency_key=self._idempotency_key())
        posted = await self.context.services.comments.post(sender, draft)
        self.set_status(201)
        self.set_header("Location", f"/comments/{live_video_id}/{posted.comment.comment_id}")
        self.set_header("Cache-Control", "no-store")
        await self.finish(posted.data)

    async def get(self, live_video_id: str) -> None:
        """200 and a page."""
        live_video_id = self.video(live_video_id)
        request = page_request(self.request.query_arguments)
        await self.answer(PageOf(live_video_id, request))

    head = get

    def _idempotency_key(self) -> str | None:
        keys = self.request.headers.get_list("Idempotency-Key")
        if len(keys) > 1:
            raise InvalidArgument("idempotency_key", "is given more than once")
        return check_key(keys[0]) if keys else None


def draft_of(live_video_id: str, body: Mapping[str, Any]) -> Draft:
    """The draft in a request's body. Raises ``InvalidArgument`` naming the field that is missing or of a wrong type."""
    media = body.get("media")
    if media is not None and not (isinstance(media, list) and all(isinstance(item, str) for item in media)):
        raise InvalidArgument("media", "is not a list of strings")
    return Draft(live_video_id, text_field(body, "content"), _reply_to(body.get("replyTo")), media or ())


def _reply_to(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidArgument("reply_to", "is not a string; ids are decimal strings")
    return parse_id("reply_to", value)
