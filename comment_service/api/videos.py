"""``/videos/{liveVideoId}``: what is done to a video as a whole."""

from __future__ import annotations

from comment_service.api.handler import ApiHandler


class EndHandler(ApiHandler):
    operation = "end"

    async def post(self, live_video_id: str) -> None:
        """202: the video has ended, durably, and its viewers are being told."""
        live_video_id = self.video(live_video_id)
        await self.context.services.videos.end(self.identity(), live_video_id)
        self.set_status(202)
        self.set_header("Cache-Control", "no-store")
        await self.finish(b"{}")
