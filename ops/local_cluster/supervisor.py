"""Keeps the parts of a cluster running: whatever dies is started again."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ops.client.backoff import Backoff
from ops.local_cluster.cluster import Part
from service_kit.errors import StartupError

FIRST_BACKOFF_S = 0.2
LONGEST_BACKOFF_S = 15.0
# What has run for this long was well: its next death is a new one.
WELL_AFTER_S = 30.0


class State(StrEnum):
    """What a part is doing."""

    STARTING = "starting"
    UP = "up"
    RESTARTING = "restarting"


@dataclass
class PartStatus:
    """``since``: of this state, on the monotonic clock."""

    state: State = State.STARTING
    restarts: int = 0
    since: float = field(default_factory=time.monotonic)

    def enter(self, state: State) -> None:
        self.state, self.since = state, time.monotonic()


class Supervisor:
    """Watches each part's process and starts it again when it dies, for ever, ever more slowly.

    Args:
        parts: name → part, all running.
        on_death: told in one line what died and when it starts again.

    Attributes:
        status: name → how the part is.
    """

    def __init__(self, parts: Mapping[str, Part], on_death: Callable[[str], None]) -> None:
        self.status = {name: PartStatus() for name in parts}
        self._parts = parts
        self._on_death = on_death

    def ready(self, name: str) -> None:
        """A part has started."""
        self.status[name].enter(State.UP)

    async def run(self) -> None:
        """Watches until it is cancelled."""
        async with asyncio.TaskGroup() as watchers:
            for name, part in self._parts.items():
                watchers.create_task(self._watch(name, part))

    async def _watch(self, name: str, part: Part) -> None:
        status = self.status[name]
        backoff = Backoff(first_s=FIRST_BACKOFF_S, longest_s=LONGEST_BACKOFF_S)
        while True:
            code = await part.process.wait()
            if status.state is State.UP and time.monotonic() - status.since > WELL_AFTER_S:
                backoff.reset()
            wait_s = backoff.next_s()
            self._on_death(f"{name} died ({_how(code)}); starting it again in {wait_s:.1f} s")
            status.enter(State.RESTARTING)
            status.restarts += 1
            await asyncio.sleep(wait_s)
            await self._start(name, part)

    async def _start(self, name: str, part: Part) -> None:
        try:
            await part.start()
        except StartupError:
            await part.process.kill9()  # where it hangs; `_watch` sees it dead and tries again, later
        else:
            self.ready(name)


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
