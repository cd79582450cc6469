"""How many frames beside requests a peer may send before it floods. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from rms.links.h2_frames import ErrorCode, LinkError
from rms.links.h2_streams import H2Streams
from rms.reasons import LinkEnd

BURST_S: Final = 5.0
_MAX_ANSWERS_DUE: Final = 200_000


class Budget:
    """So many a second, and ``BURST_S`` seconds' worth at once. ``clock`` gives monotonic seconds."""

    __slots__ = ("_clock", "_counted_at", "_most", "_per_s", "_tokens")

    def __init__(self, per_s: float, clock: Callable[[], float]) -> None:
        self._per_s = per_s
        self._clock = clock
        self._most = self._tokens = per_s * BURST_S
        self._counted_at = clock()

    def spend(self, count: int = 1) -> bool:
        """Takes ``count``; False where so many are not left."""
        if self._tokens < count:
            now = self._clock()
            self._tokens = min(self._most, self._tokens + (now - self._counted_at) * self._per_s)
            self._counted_at = now
            if self._tokens < count:
                return False
        self._tokens -= count
        return True


class H2Allowance:
    """Tells the traffic of thousands of viewers from a flood.

    WINDOW_UPDATE and RST_STREAM may come as often as what was sent gives reason to (``H2Streams.answers_due``), so
    normal traffic of any size is free. A stream that is reset within a second of its request has its own budget, as
    has one that we have to reset: both are work that nobody wants (rapid reset). All else comes out of a third.

    A second, because a proxy gives up a request that is not answered in two and tries it elsewhere: where a node is
    overloaded that are thousands at once, and each of them is wanted.

    Every ``spend`` raises ``LinkError`` once there is nothing left.
    """

    def __init__(
        self,
        streams: H2Streams,
        *,
        control_frames_per_s: float,
        early_resets_per_s: float,
        clock: Callable[[], float],
    ) -> None:
        self._streams = streams
        self._control = Budget(control_frames_per_s, clock)
        self._early_resets = Budget(early_resets_per_s, clock)
        self._newest = 0  # stream, at the last tick

    def tick(self, last_stream_id: int) -> None:
        """A second has passed; ``last_stream_id`` is the newest stream."""
        self._newest = last_stream_id
        self._streams.answers_due = min(self._streams.answers_due, _MAX_ANSWERS_DUE)

    def spend_control(self, count: int = 1) -> None:
        """A frame that carries no request and answers nothing; ``count``: it is as much work as so many."""
        if not self._control.spend(count):
            raise LinkError(ErrorCode.ENHANCE_YOUR_CALM, "too many control frames", LinkEnd.CONTROL_FLOOD)

    def spend_answer(self) -> None:
        """A frame that may answer what was sent."""
        if self._streams.answers_due > 0:
            self._streams.answers_due -= 1
        else:
            self.spend_control()

    def spend_reset(self, stream_id: int) -> None:
        """RST_STREAM came."""
        if stream_id > self._newest:
            self.spend_early_reset()
        else:
            self.spend_answer()

    def spend_early_reset(self) -> None:
        """A stream is reset that has just been opened, or by us."""
        if not self._early_resets.spend():
            raise LinkError(ErrorCode.ENHANCE_YOUR_CALM, "too many streams are reset at once", LinkEnd.RESET_FLOOD)
