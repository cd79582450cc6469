"""``/moderation/bans``, ``/moderation/slow-mode`` and ``/moderation/audit``."""

from __future__ import annotations

from comment_service.api.handler import ApiHandler
from comment_service.api.json_body import integer_field, json_object, optional_text_field
from comment_service.api.moderation_json import audit_document, ban_document, page_json, to_json
from comment_service.api.query import cursor_and_size, one
from comment_service.content import clean_name
from comment_service.moderation.bans import BanOrder
from comment_service.moderation.times import ban_end_ms
from comment_service.refusal import InvalidArgument
from coordination.ids import clock_ms
from service_kit.auth.tokens import MAX_USER_ID_CHARACTERS
from service_kit.problem import Problem
from service_kit.video_id import is_video_id


class BansHandler(ApiHandler):
    operation = "bans"

    async def get(self, user_id: str) -> None:
        """200 and the user's bans that are in force."""
        user_id = self._user(user_id)
        bans = await self.context.services.bans.of_user(self.identity(), user_id)
        self.set_header("Cache-Control", "no-store")
        await self.finish(to_json({"bans": [ban_document(ban) for ban in bans]}))

    head = get

    async def put(self, user_id: str) -> None:
        """200 and the ban, once it is durable."""
        user_id = self._user(user_id)
        moderator, body = self.identity(), json_object(self.request)
        until, duration_s = optional_text_field(body, "until"), integer_field(body, "durationS")
        reason = optional_text_field(body, "reason") or ""
        order = BanOrder(
            user_id,
            _video_or_everywhere(optional_text_field(body, "liveVideoId")),
            ban_end_ms(until, duration_s, clock_ms()),
            reason,
        )
        ban = await self.context.services.bans.ban(moderator, order)
        self.set_header("Cache-Control", "no-store")
        await self.finish(to_json(ban_document(ban)))

    async def delete(self, user_id: str) -> None:
        """204 once the ban there is lifted."""
        user_id = self._user(user_id)
        moderator = self.identity()
        video = _video_or_everywhere(one(self.request.query_arguments, "liveVideoId"))
        await self.context.services.bans.lift(moderator, user_id, video)
        self.set_status(204)
        await self.finish()

    def _user(self, user_id: str) -> str:
        try:
            if clean_name("userId", user_id, max_characters=MAX_USER_ID_CHARACTERS) == user_id:
                return user_id
        except InvalidArgument:
            pass
        raise Problem(404, f"userId is not the id of a user: 1 to {MAX_USER_ID_CHARACTERS} characters on one line")


class SlowModeHandler(ApiHandler):
    operation = "slow-mode"

    async def get(self, live_video_id: str) -> None:
        """200 and the seconds that a user waits between two comments, 0: none."""
        video = await self.context.services.videos.get(self.video(live_video_id))
        self.set_header("Cache-Control", "no-cache")
        await self._finish(video.live_video_id, video.slow_mode_s)

    head = get

    async def put(self, live_video_id: str) -> None:
        """200 and the same, once it is durable."""
        live_video_id = self.video(live_video_id)
        moderator = self.identity()
        seconds = integer_field(json_object(self.request), "seconds")
        if seconds is None:
            raise InvalidArgument("seconds", "is missing")
        await self.context.services.slow_modes.set(moderator, live_video_id, seconds)
        self.set_header("Cache-Control", "no-store")
        await self._finish(live_video_id, seconds)

    async def _finish(self, live_video_id: str, seconds: int) -> None:
        await self.finish(to_json({"liveVideoId": live_video_id, "seconds": seconds}))


class AuditHandler(ApiHandler):
    operation = "audit"

    async def get(self) -> None:
        """200 and a page of the trail, newest first."""
        admin = self.identity()
        cursor, size = cursor_and_size(self.request.query_arguments)
        entries, has_more = await self.context.services.audit.list(admin, cursor, size)
        self.set_header("Cache-Control", "no-store")
        last = entries[-1].entry_id if entries else None
        await self.finish(page_json("entries", [audit_document(entry) for entry in entries], last, has_more))

    head = get


def _video_or_everywhere(live_video_id: str | None) -> str | None:
    if live_video_id is not None and not is_video_id(live_video_id):
        raise InvalidArgument("live_video_id", "is not 1 to 64 of A-Z a-z 0-9 _ -")
    return live_video_id
