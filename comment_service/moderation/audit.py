"""The trail of what moderators did: kept for good, read by admins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from comment_service.metrics import CommentServiceMetrics
from comment_service.moderation.records import AuditEntry
from comment_service.roles import require_admin
from comment_service.store import Store
from comment_service.store_calls import StoreCalls
from service_kit.auth.identity import Identity


class AuditTrail:
    """An ``Audit``. Every method raises ``StoreDown`` and ``StoreBusy``."""

    def __init__(self, store: Store, next_id: Callable[[], int], metrics: CommentServiceMetrics) -> None:
        self._store = store
        self._next_id = next_id
        self._calls = StoreCalls(metrics)

    async def __call__(self, moderator: Identity, action: str, subject: str, detail: Mapping[str, str]) -> None:
        """Notes, durably, what the moderator is about to do. What fails after this is in the trail all the same."""
        entry = AuditEntry(self._next_id(), moderator.user_id, action, subject, dict(detail))
        await self._calls.ask("audit", lambda: self._store.audit.add(entry))

    async def list(self, admin: Identity, cursor: int | None, limit: int) -> tuple[Sequence[AuditEntry], bool]:
        """Up to ``limit`` entries with ids below ``cursor`` (None: the newest), newest first; whether there are more.

        Raises ``Forbidden``.
        """
        require_admin(admin)
        found = await self._calls.ask("audit_page", lambda: self._store.audit.before(cursor, limit + 1))
        return found[:limit], len(found) > limit
