"""``/comments/{liveVideoId}/{commentId}/reactions/{kind}`` and ``/videos/{liveVideoId}/reactions``."""

from __future__ import annotations

from comment_service.api.comment import id_in_path
from comment_service.api.handler import ApiHandler
from comment_service.api.json_body import json_object, text_field
from comment_service.rates import Action


class CommentReactionHandler(ApiHandler):
    operation = "comment_reaction"

    async def put(self, live_video_id: str, comment_id: str, kind: str) -> None:
        """204 once ``kind`` is the user's reaction to the comment."""
        live_video_id, of = self.video(live_video_id), id_in_path(comment_id)
        await self.context.services.reactions.react(self.admitted(Action.REACTION), live_video_id, of, kind)
        self.set_status(204)

    async def delete(self, live_video_id: str, comment_id: str, kind: str) -> None:
        """204 once ``kind`` is not the user's reaction to the comment."""
        live_video_id, of = self.video(live_video_id), id_in_path(comment_id)
        await self.context.services.reactions.unreact(self.admitted(Action.REACTION), live_video_id, of, kind)
        self.set_status(204)


class VideoReactionsHandler(ApiHandler):
    operation = "video_reactions"

    async def post(self, live_video_id: str) -> None:
        """202: it is counted, and in the store a moment later."""
        live_video_id = self.video(live_video_id)
        sender = self.admitted(Action.REACTION)
        kind = text_field(json_object(self.request), "kind")
        await self.context.services.reactions.react_to_video(sender, live_video_id, kind)
        self.set_status(202)
        self.set_header("Cache-Control", "no-store")
        await self.finish(b"{}")
