"""What a node does while another process has its node id: it takes nobody in and sends its viewers away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from rms.reasons import CloseReason
from service_kit.tasks import end_tasks

if TYPE_CHECKING:
    from coordination.membership import Membership, NodeRecord
    from rms.hub import Hub

AGAIN_S = 0.5


class Displacement:
    """Follows a membership: ``send_away`` runs while it is displaced, and the hub takes viewers in again after that.

    The process does not end: the supervisors of two nodes with one id would start them by turns for ever.
    """

    def __init__(self, hub: Hub, send_away: Callable[[CloseReason], Awaitable[None]]) -> None:
        self._hub = hub
        self._send_away = send_away
        self._unsubscribe: Callable[[], None] | None = None
        self._task: asyncio.Task[None] | None = None

    def follow(self, membership: Membership) -> None:
        """To be called before ``membership`` is started: it may find its place taken then."""
        self._unsubscribe = membership.on_displaced(self._on_displaced)

    async def aclose(self) -> None:
        """Stops following. Idempotent."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        task, self._task = self._task, None
        await end_tasks(task)

    def _on_displaced(self, by: NodeRecord | None) -> None:
        self._hub.displaced = by is not None
        if by is None:
            if self._task is not None:
                self._task.cancel()
                self._task = None
        elif self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._stand_by(), name="displaced")

    async def _stand_by(self) -> None:
        # More than once: those who were waiting for history the first time have joined since.
        while self._hub.viewers:
            await self._send_away(CloseReason.DISPLACED)
            await asyncio.sleep(AGAIN_S)
