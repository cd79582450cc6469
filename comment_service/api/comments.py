"""``/comments/{liveVideoId}``: post, and pages of the history."""

from __future__ import annotations

from comment_service.api.history import HistoryHandler
from comment_service.api.posting import post_comment
from comment_service.api.query import page_request
from comment_service.history.wanted import PageOf


class CommentsHandler(HistoryHandler):
    operation = "comments"

    async def post(self, live_video_id: str) -> None:
        """201 and the comment, once it is durable. ``PostRequests`` answers it before this handler is reached."""
        headers, body = await post_comment(self.context, self.request, live_video_id)
        self.set_status(201)
        self.put_headers(headers)
        await self.finish(body)

    async def get(self, live_video_id: str) -> None:
        """200 and a page."""
        live_video_id = self.video(live_video_id)
        request = page_request(self.request.query_arguments)
        await self.answer(PageOf(live_video_id, request))

    head = get
