"""When the riders of one channel go alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from rms.riders import Riders
from rms.wheel import Wheel


class RiderTimer:
    """Calls ``go`` when the first of ``riders`` is due and nothing came by to take it, until it has gone.

    ``clock`` gives seconds, the same as the riders'.
    """

    __slots__ = ("_clock", "_due_at", "_go", "_riders", "_stopped", "_wheel")

    def __init__(self, riders: Riders, wheel: Wheel, *, clock: Callable[[], float], go: Callable[[], None]) -> None:
        self._riders = riders
        self._wheel = wheel
        self._clock = clock
        self._go = go
        self._due_at: float | None = None  # as the wheel knows
        self._stopped = False

    def look(self) -> None:
        """To be called when riders have come or gone."""
        due_at = self._riders.due_at
        if due_at is not None and (self._due_at is None or due_at < self._due_at):
            self._due_at = due_at
            self._wheel.add(max(due_at - self._clock(), 0.0), partial(self._on_time, due_at))

    def stop(self) -> None:
        """None goes alone any more."""
        self._stopped = True

    def _on_time(self, at: float) -> None:
        if at != self._due_at or self._stopped:
            return  # or it has looked sooner
        self._due_at = None
        due_at = self._riders.due_at
        if due_at is not None and due_at <= self._clock():
            self._go()
        self.look()  # again: a round that goes on now may come before them
