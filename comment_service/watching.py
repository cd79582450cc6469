"""Only who is watching a video may post in it, where that is asked for: a ticket of its stream shows it."""

from __future__ import annotations

import time
from collections.abc import Callable

from comment_service.comments import Draft
from comment_service.refusal import NotWatching
from comment_service.sender import Sender
from service_kit.auth.identity import SERVICE
from service_kit.auth.tickets import TicketError, Tickets


class WatchingCheck:
    """A ``PostCheck``. Internal services (role ``service``) watch nothing and need no ticket."""

    def __init__(self, tickets: Tickets, *, now_s: Callable[[], float] = time.time) -> None:
        self._tickets = tickets
        self._now_s = now_s

    async def __call__(self, sender: Sender, draft: Draft) -> None:
        """Raises ``NotWatching``."""
        if SERVICE in sender.identity.roles:
            return
        if not sender.ticket:
            raise NotWatching("only who is watching may post: send the ticket of the video's stream")
        try:
            self._tickets.check(sender.ticket, draft.live_video_id, self._now_s())
        except TicketError as error:
            raise NotWatching(f"only who is watching may post, and the ticket {error}") from None
