"""The tickets that a stream hands out: with its first bytes, and again and again while it is watched."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from functools import lru_cache

from rms.channel import Channel
from rms.frames import Frame, ticket_frame
from rms.wheel import Wheel
from service_kit.auth.tickets import Tickets

CACHED_FRAMES = 10_000


class TicketOffice:
    """Hands out tickets that live for ``lifetime_s``, new ones every third of it.

    A video's tickets change at the same moments on all nodes, each video's at its own. So its viewers have the same
    ticket wherever they are, who joins late needs none of their own, and not all videos are told at once.
    """

    def __init__(
        self, tickets: Tickets, wheel: Wheel, *, lifetime_s: float, now_s: Callable[[], float] = time.time
    ) -> None:
        self._tickets = tickets
        self._wheel = wheel
        self._every_s = lifetime_s / 3
        self._now_s = now_s
        # Made once for all who join a video between two changes.
        self._frame_until = lru_cache(maxsize=CACHED_FRAMES)(self._make)

    def frame(self, video: str) -> Frame:
        """The video's ticket of this moment, good for two thirds of a lifetime at least."""
        began_s = self._now_s() - self._since_change_s(video)
        # One second for those that are cut off: a ticket's end is a whole second.
        return self._frame_until(video, int(began_s + 3 * self._every_s) + 1)

    def renew(self, channel: Channel) -> None:
        """Gives the viewers of ``channel`` a new ticket whenever theirs changes, until it is closed."""
        told = self.frame(channel.video)

        def change() -> float | None:
            nonlocal told
            if channel.closed:
                return None
            frame = self.frame(channel.video)
            if frame.data != told.data:  # the wheel calls sooner where a third is longer than its turn
                told = frame
                if channel.live and channel.viewers:
                    channel.publish(frame)
            return self._until_change_s(channel.video)

        self._wheel.add(self._until_change_s(channel.video), change)

    def _make(self, video: str, expires_at_s: int) -> Frame:
        return ticket_frame(self._tickets.make(video, expires_at_s), expires_at_s)

    def _until_change_s(self, video: str) -> float:
        return self._every_s - self._since_change_s(video)

    def _since_change_s(self, video: str) -> float:
        phase = zlib.crc32(video.encode()) / 2**32
        return (self._now_s() - phase * self._every_s) % self._every_s
