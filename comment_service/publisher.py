"""Hands events to the dispatchers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livecomments.v1 import event_pb2
from prometheus_client import CollectorRegistry
from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from coordination.membership import MembershipView


class PublisherSettings(BaseModel):
    """The bounds of a ``Publisher``."""

    model_config = ConfigDict(frozen=True)

    outbox_events: int = Field(
        100_000, ge=1, description="Events that may wait for a dispatcher's acknowledgement, in all."
    )
    outbox_bytes: int = Field(64 * 1024 * 1024, ge=1, description="Bytes that those events may hold.")


class Publisher:
    """Streams events to the dispatchers of ``view`` (a started ``MembershipView`` of ``Role.DISPATCHER``).

    ``origin`` names this process's life: node id and boot id.
    """

    def __init__(
        self,
        view: MembershipView,
        origin: str,
        registry: CollectorRegistry,
        settings: PublisherSettings | None = None,
    ) -> None:
        self._view = view
        self._origin = origin
        self._settings = settings or PublisherSettings()

    async def start(self) -> None:
        """Connects to the dispatchers, now and as they come and go. ``view`` must have been started."""

    def publish(self, event: event_pb2.Event) -> None:
        """Queues ``event`` for the dispatchers; sets its ``origin`` and ``previous_id``. Never blocks."""

    async def aclose(self, drain_s: float = 5.0) -> None:
        """Waits up to ``drain_s`` seconds for what is queued to be acknowledged, then lets go."""
