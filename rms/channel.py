"""One video on one RMS: its canonical stream, who watches it, and how far each has been sent it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rms.frames import Frame
from rms.metrics import RmsMetrics
from rms.pump import Pump
from rms.reasons import CloseReason
from rms.viewer import Viewer
from rms.wheel import Wheel


@dataclass(frozen=True, slots=True)
class ChannelLimits:
    """What one channel may hold. The defaults are the settings' defaults."""

    max_frames: int = 2_000
    """Frames in the ring."""
    max_bytes: int = 2 * 1024 * 1024
    """Bytes of frames in the ring; it always holds the last frame, whatever its size."""
    recent_ids: int = 8_192
    """Event ids remembered to tell repeats."""
    group_size: int = 256
    """Viewers sent to in one go, without yielding to the loop."""
    chunk_bytes: int = 64 * 1024
    """What a laggard is offered at a time."""
    stalled_after_s: float = 20.0
    """A laggard that takes nothing for so long is closed."""
    heartbeat_after_s: float = 15.0
    """Silence after which a heartbeat goes out."""


class Channel:
    """See the module. All methods are for the event loop's thread, and none blocks.

    ``on_detach(viewer, reason)`` is called after a viewer has left, whoever ended it.
    """

    def __init__(
        self,
        video: str,
        *,
        pump: Pump,
        wheel: Wheel,
        metrics: RmsMetrics,
        limits: ChannelLimits | None = None,
        on_detach: Callable[[Viewer, CloseReason], None] = lambda viewer, reason: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None: ...

    video: str

    # -- the stream ------------------------------------------------------------------------------------------

    def seed(self, history: Iterable[Frame]) -> None:
        """Goes live with what was said before; what was published since the channel opened is merged in by id.

        Until then ``publish`` only gathers. Call it once, with () where history cannot be had.
        """

    @property
    def live(self) -> bool:
        """Seeded, and not closed."""
        raise NotImplementedError

    def publish(self, frame: Frame) -> bool:
        """Appends an event to the stream: it goes out with the next flush, in id order with what gathers with it.

        False: it was dropped and counted (a repeat, too old to tell, or after the video's end).
        """
        raise NotImplementedError

    def has(self, event_id: int) -> bool:
        """The event went out, or is about to: repeats of it are dropped. True for ids too old to tell."""
        raise NotImplementedError

    def replace(self, event_id: int, frame: Frame | None) -> None:
        """From now on the ring gives ``frame`` for that comment, or nothing where None (it was deleted)."""

    def position_after(self, event_id: int) -> int | None:
        """Where a viewer goes on whose last comment was ``event_id``; None when the ring no longer knows."""
        raise NotImplementedError

    def comments_after(self, event_id: int) -> list[Frame]:
        """The ring's comments with a greater id, in id order; for merging with what a store answered."""
        raise NotImplementedError

    @property
    def oldest_id(self) -> int | None:
        """The smallest comment id in the ring."""
        raise NotImplementedError

    @property
    def newest_id(self) -> int | None:
        """The greatest comment id that went out, gathered included."""
        raise NotImplementedError

    def end(self, frame: Frame) -> None:
        """Publishes the last event; each viewer is closed (``ENDED``) once it has it."""

    # -- the viewers -----------------------------------------------------------------------------------------

    def join(self, viewer: Viewer, opening: bytes, *, backlog: int = 0) -> None:
        """Attaches a viewer: ``opening`` (response head, ``retry:``), the last ``backlog`` comments, then live.

        Nothing is left out between the backlog and live, and nothing comes twice. A viewer that closed meanwhile
        is ignored. Raises ``ValueError`` for a viewer that is attached already.
        """

    def resume(self, viewer: Viewer, opening: bytes, *, position: int) -> None:
        """Attaches a viewer that goes on at ``position``, one of ``position_after`` in the same turn of the loop."""

    @property
    def viewers(self) -> int:
        """How many are attached."""
        raise NotImplementedError

    @property
    def laggards(self) -> int:
        """How many of them are behind."""
        raise NotImplementedError

    def detach(self, viewer: Viewer, reason: CloseReason) -> None:
        """Closes a viewer. One that is not attached here is ignored."""

    async def close_all(self, reason: CloseReason, final: Callable[[], Frame], *, spread_s: float = 0.0) -> None:
        """Sends every viewer ``final()`` and closes it, some at a time, evenly over ``spread_s``. New comments go on
        going out meanwhile."""

    def close(self) -> None:
        """Takes the channel off pump and wheel; remaining viewers are closed (``DRAINING``). Idempotent."""
