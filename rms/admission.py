"""Whether a node has room for one more viewer. Pure."""

from __future__ import annotations

from collections.abc import Callable

from rms.reasons import RefusalReason


class Admission:
    """The limits on viewers, and on how fast they may come.

    A join costs about 0.2 ms of the node's one core (measured), so a rush of returning viewers is let in no faster than
    ``joins_per_s``, with ``join_burst`` of them at once: delivery to those who are here comes first.

    ``clock`` gives monotonic seconds.
    """

    def __init__(
        self,
        *,
        max_viewers: int,
        max_viewers_per_video: int,
        joins_per_s: float,
        join_burst: int,
        clock: Callable[[], float],
    ) -> None:
        self._max_viewers = max_viewers
        self._max_viewers_per_video = max_viewers_per_video
        self._joins_per_s = joins_per_s
        self._join_burst = join_burst
        self._clock = clock
        self._tokens = float(join_burst)
        self._counted_at = clock()

    def refusal(self, viewers: int, video_viewers: int) -> RefusalReason | None:
        """Why another viewer is refused while there are ``viewers`` in all and ``video_viewers`` of its video.

        None admits it, and counts it against the rate.
        """
        if viewers >= self._max_viewers:
            return RefusalReason.NODE_FULL
        if video_viewers >= self._max_viewers_per_video:
            return RefusalReason.VIDEO_FULL
        return None if self._take_token() else RefusalReason.JOIN_RATE

    def _take_token(self) -> bool:
        now = self._clock()
        self._tokens = min(self._join_burst, self._tokens + (now - self._counted_at) * self._joins_per_s)
        self._counted_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def retries_elsewhere(attempt: int | None, last_attempt: int) -> bool:
    """True where a refused viewer's proxy will try another node: 503 then. False: it must be answered for good.

    ``attempt`` counts from 1 and is None for a client that came without a proxy that counts.
    """
    return attempt is not None and attempt < last_attempt
