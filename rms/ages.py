"""Ends connections at a maximum age, so that load evens out after nodes were added."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from math import inf

from rms.frames import Frame
from rms.reasons import CloseReason
from rms.viewer import Viewer
from service_kit.tasks import end_tasks


class Ages:
    """Knows when each viewer's time is over: ``max_age_s``, give or take ``jitter`` of it.

    Its viewers are told ``farewell()`` and closed, a second's worth at a time.
    """

    def __init__(self, max_age_s: float, *, jitter: float, farewell: Callable[[], Frame]) -> None:
        self._max_age_s = max_age_s
        self._jitter = jitter
        self._farewell = farewell
        self._second_of: dict[Viewer, int] = {}
        self._due: dict[int, set[Viewer]] = {}
        self._now = 0
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """Viewers whose age is watched."""
        return len(self._second_of)

    async def start(self) -> None:
        """Begins to count the seconds. Idempotent."""
        if self._task is None:
            self._task = asyncio.create_task(self._count(), name="ages")

    async def aclose(self) -> None:
        """Stops. Idempotent."""
        task, self._task = self._task, None
        await end_tasks(task)

    def add(self, viewer: Viewer, at_most_s: float = inf) -> None:
        """A viewer has come, who may stay ``at_most_s``."""
        spread = random.uniform(1 - self._jitter, 1 + self._jitter)  # noqa: S311  # spreads load, hides nothing
        second = self._now + max(1, round(min(self._max_age_s * spread, at_most_s)))
        self._second_of[viewer] = second
        self._due.setdefault(second, set()).add(viewer)

    def discard(self, viewer: Viewer) -> None:
        """A viewer has left."""
        second = self._second_of.pop(viewer, None)
        if second is not None:
            due = self._due[second]
            due.discard(viewer)
            if not due:
                del self._due[second]

    def advance(self) -> None:
        """A second has passed."""
        self._now += 1
        for viewer in self._due.pop(self._now, ()):
            del self._second_of[viewer]
            if viewer.audience is None:
                continue  # it waits for history, and is closed the next time it comes
            if viewer.laggard is None:
                viewer.say(self._farewell().data)
            viewer.audience.detach(viewer, CloseReason.MAX_AGE)

    async def _count(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            self.advance()
