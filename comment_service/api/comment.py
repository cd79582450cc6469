"""``/comments/{liveVideoId}/{commentId}``: one comment."""

from __future__ import annotations

from comment_service.api.handler import ApiHandler
from comment_service.api.query import parse_id
from comment_service.refusal import InvalidArgument
from service_kit.problem import Problem


class CommentHandler(ApiHandler):
    operation = "comment"

    async def get(self, live_video_id: str, comment_id: str) -> None:
        """200 and the comment."""
        comment = await self.context.services.comments.get(self.video(live_video_id), id_in_path(comment_id))
        self.set_header("Cache-Control", "no-cache")
        await self.finish(comment.to_json())

    head = get


def id_in_path(text: str) -> int:
    """The path's comment id; 404 where it is none."""
    try:
        return parse_id("commentId", text)
    except InvalidArgument as error:
        raise Problem(404, error.detail()) from None
