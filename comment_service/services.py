"""The use cases of one comment service, put together: what both edges serve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from comment_service.announcements import Announcements, EventPublisher
from comment_service.comments import Comments
from comment_service.metrics import CommentServiceMetrics
from comment_service.store import Store
from service_kit.auth.tokens import TokenVerifier


@dataclass(frozen=True)
class Services:
    """Each field is one resource's use cases."""

    comments: Comments
    verifier: TokenVerifier
    announcements: Announcements

    async def drain(self) -> None:
        """Waits until what was taken in is stored, or refused, and handed to the publisher."""
        await self.announcements.drain()


def build_services(
    store: Store,
    next_id: Callable[[], int],
    publisher: EventPublisher,
    verifier: TokenVerifier,
    metrics: CommentServiceMetrics,
) -> Services:
    """Puts them together; acquires nothing."""
    announcements = Announcements(publisher, metrics)
    return Services(
        comments=Comments(store, next_id, announcements, metrics),
        verifier=verifier,
        announcements=announcements,
    )
