"""``/comments/{liveVideoId}/{commentId}``: one comment, and its replies."""

from __future__ import annotations

from comment_service.api.history import HistoryHandler
from comment_service.api.json_body import json_object, text_field
from comment_service.api.query import cursor_and_size, parse_id
from comment_service.history.wanted import OneComment, PageOf
from comment_service.page import Direction, PageRequest, Sort
from comment_service.rates import Action
from comment_service.refusal import InvalidArgument
from service_kit.problem import Problem


class CommentHandler(HistoryHandler):
    operation = "comment"

    async def get(self, live_video_id: str, comment_id: str) -> None:
        """200 and the comment."""
        await self.answer(OneComment(self.video(live_video_id), id_in_path(comment_id)))

    head = get

    async def patch(self, live_video_id: str, comment_id: str) -> None:
        """200 and the comment with its new content, once that is durable."""
        live_video_id, number = self.video(live_video_id), id_in_path(comment_id)
        sender = self.admitted(Action.POST, live_video_id)
        content = text_field(json_object(self.request), "content")
        posted = await self.context.services.changes.edit(sender, live_video_id, number, content)
        self.set_header("Cache-Control", "no-store")
        await self.finish(posted.data)

    async def delete(self, live_video_id: str, comment_id: str) -> None:
        """204 once it is gone, durably."""
        live_video_id, number = self.video(live_video_id), id_in_path(comment_id)
        await self.context.services.changes.delete(self.sender(), live_video_id, number)
        self.set_status(204)
        await self.finish()


class RepliesHandler(HistoryHandler):
    operation = "replies"

    async def get(self, live_video_id: str, comment_id: str) -> None:
        """200 and a page of the thread, oldest first."""
        live_video_id, number = self.video(live_video_id), id_in_path(comment_id)
        cursor, size = cursor_and_size(self.request.query_arguments)
        request = PageRequest(cursor or 0, Direction.AFTER, size, Sort.ASC)
        await self.answer(PageOf(live_video_id, request, thread=number))

    head = get


def id_in_path(text: str) -> int:
    """The path's comment id; 404 where it is none."""
    try:
        return parse_id("commentId", text)
    except InvalidArgument as error:
        raise Problem(404, error.detail()) from None
