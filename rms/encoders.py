"""The node's shared gzip streams: how many there may be, and what of its time they may take."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from rms.compress import WINDOW_BITS, SharedHistory
from rms.frames import Frame
from rms.metrics import RmsMetrics
from rms.reasons import UncompressedReason

PERIOD_S: Final = 1.0
"""After so long the CPU time that was spent is judged."""
MOST_VIEWERS: Final = 1 << 20
"""No channel has more, so that nothing is compressed."""
MAX_FLUSH_BYTES: Final = 128 * 1024
"""A larger flush is not compressed: it would hold up every other video for more than some 3 ms."""


@dataclass(frozen=True, slots=True)
class EncoderLimits:
    """Bounds of what compressing takes. The defaults are the settings' defaults."""

    min_viewers: int = 4
    """Up-to-date gzip viewers from which on a channel is compressed."""
    max_encoders: int = 2_000
    """Channels that are compressed at once; each takes 36 KB."""
    cpu_share: float = 0.1
    """Of the node's time, what compressing may take."""
    window_bits: int = WINDOW_BITS
    """Of their window, 9 to 15."""


class Encoders:
    """Gives channels a shared history where it pays.

    A flush costs the same to compress whatever the audience. So when compressing takes more than its share of the
    node's time, the audience that a channel must have doubles, and the smallest are no longer compressed; when it
    takes less than half, that is halved again. A channel asks anew at each flush.
    """

    def __init__(
        self,
        metrics: RmsMetrics,
        limits: EncoderLimits | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        cpu: Callable[[], float] = time.thread_time,
    ) -> None:
        """``cpu`` gives the CPU seconds of the thread that compresses."""
        self._metrics = metrics
        self._limits = limits or EncoderLimits()
        self._clock = clock
        self._cpu = cpu
        self._count = 0
        self._spent_s = 0.0
        self._period_began = clock()
        self.min_viewers = self._limits.min_viewers
        """What a channel must have now."""
        metrics.gzip_min_viewers.set(self.min_viewers)

    def __len__(self) -> int:
        """Shared histories that are kept."""
        return self._count

    def encode(
        self, history: SharedHistory | None, position: int, frames: Sequence[Frame], viewers: int
    ) -> SharedHistory | None:
        """Compresses a flush of ``frames`` from ``position`` on for so many gzip viewers that are up to date.

        Returns the history that has it: ``history``, or a new one; None where it is better not compressed, and then
        ``history`` is given back.
        """
        if not viewers and history is None:
            return None
        self._judge()
        size = sum(len(frame.data) for frame in frames)
        refusal = self._refusal(history, size, viewers)
        if refusal is not None:
            self._metrics.gzip_uncompressed.labels(refusal).inc()
            self.release(history)
            return None
        if history is None:
            history = SharedHistory(position, window_bits=self._limits.window_bits)
            self._count += 1
            self._metrics.gzip_encoders.set(self._count)
        began = self._cpu()
        compressed = history.append(frames)
        spent_s = self._cpu() - began
        self._spent_s += spent_s
        self._metrics.gzip_seconds.inc(spent_s)
        self._metrics.gzip_bytes.labels("in").inc(size)
        self._metrics.gzip_bytes.labels("out").inc(compressed)
        return history

    def release(self, history: SharedHistory | None) -> None:
        """A history is used no more."""
        if history is not None:
            self._count -= 1
            self._metrics.gzip_encoders.set(self._count)

    def _refusal(self, history: SharedHistory | None, size: int, viewers: int) -> UncompressedReason | None:
        # Who is compressed already stays so until half of the audience is gone: at the limit it would come and go.
        needed = self.min_viewers if history is None else (self.min_viewers + 1) // 2
        if viewers < needed:
            few = viewers < self._limits.min_viewers
            return UncompressedReason.FEW_VIEWERS if few else UncompressedReason.CPU
        if size > MAX_FLUSH_BYTES:
            return UncompressedReason.LARGE_FLUSH
        if history is None and self._count >= self._limits.max_encoders:
            return UncompressedReason.ENCODERS_FULL
        return None

    def _judge(self) -> None:
        passed_s = self._clock() - self._period_began
        if passed_s < PERIOD_S:
            return
        share = self._spent_s / passed_s
        if share > self._limits.cpu_share:
            self.min_viewers = min(2 * self.min_viewers, MOST_VIEWERS)
        elif share < self._limits.cpu_share / 2:
            self.min_viewers = max(self._limits.min_viewers, self.min_viewers // 2)
        self._metrics.gzip_min_viewers.set(self.min_viewers)
        self._spent_s, self._period_began = 0.0, self._clock()
