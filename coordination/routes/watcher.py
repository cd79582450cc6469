"""The dispatcher's side of routes: follows all buckets and keeps a table of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

from coordination.membership import MembershipView, Nodes, Role
from coordination.paths import ROUTE_BUCKETS, bucket_of
from coordination.refresher import Refresher
from coordination.routes.table import Route, RouteChange, RouteTable
from coordination.session import SessionState, ZooKeeperSession
from coordination.subscribers import call_all, subscribe

COALESCE_S = 0.02
WINDOW = 128


@dataclass(slots=True)
class WatcherStats:
    """Counted since the start."""

    relists: int = 0


class RouteWatcher:
    """Keeps ``table`` equal to what the RMS nodes have registered.

    One one-shot child watch a bucket says no more than "list me again", so it does not matter which events are
    missed, merged or late. Everything is listed again on each CONNECTED. While there is no session the table stays
    as it was: a route whose RMS still answers is still good.

    Args:
        members: the RMS nodes, draining ones included (their viewers are still there); by default a view of its own.
    """

    def __init__(self, session: ZooKeeperSession, members: MembershipView | None = None) -> None:
        self.table = RouteTable()
        self.stats = WatcherStats()
        self.members = members or MembershipView(session, Role.RMS, include_draining=True)
        self._session = session
        self._data_epoch = 0
        self._refresher: Refresher[int] = Refresher(
            self._relist, session.connected, coalesce_s=COALESCE_S, window=WINDOW
        )
        # kazoo recognises a watch that is armed twice by its callback, so each bucket has one for good.
        self._marks = [functools.partial(self._refresher.mark, (bucket,)) for bucket in range(ROUTE_BUCKETS)]
        self._unsubscribe: list[Callable[[], None]] = []
        self._added_callbacks: list[Callable[[list[Route]], None]] = []

    @property
    def pending(self) -> int:
        """Buckets whose routes may be out of date."""
        return self._refresher.pending

    @property
    def relist_errors(self) -> int:
        return self._refresher.errors

    async def start(self) -> None:
        """Reads all routes, and goes on following them. Raises ``CoordinationError``. Idempotent."""
        if self._unsubscribe:
            return
        await self.members.start()
        self._unsubscribe = [
            self._session.on_state(self._on_state),
            self.members.on_change(self._on_members),
        ]
        self._on_members(self.members.nodes)
        self._refresher.start()
        self._mark_all()
        await self._refresher.idle()

    async def aclose(self) -> None:
        """Stops following; the table stays as it was. Idempotent."""
        while self._unsubscribe:
            self._unsubscribe.pop()()
        await self._refresher.aclose()
        await self.members.aclose()

    def relist(self, video: str) -> None:
        """This video's routes are doubtful: an RMS said that it does not serve it."""
        self._refresher.mark((bucket_of(video),))

    def on_routes_added(self, callback: Callable[[list[Route]], None]) -> Callable[[], None]:
        """Calls ``callback`` on the loop with routes that have come into force. Returns what ends that."""
        return subscribe(self._added_callbacks, callback)

    def _on_state(self, state: SessionState) -> None:
        if state is SessionState.CONNECTED:
            self._mark_all()

    def _mark_all(self) -> None:
        if self._data_epoch != self._session.data_epoch:
            self._data_epoch = self._session.data_epoch
            self.table.forget_versions()
        self._refresher.mark(range(ROUTE_BUCKETS))

    def _on_members(self, nodes: Nodes) -> None:
        self._report(self.table.set_boots({rms_id: record.boot_id for rms_id, record in nodes.items()}))

    async def _relist(self, bucket: int) -> None:
        self.stats.relists += 1
        path = self._session.paths.routes_bucket(bucket)
        names, stat = await self._session.children(path, watch=self._marks[bucket])
        self._report(self.table.apply(bucket, stat.pzxid, names))

    def _report(self, change: RouteChange) -> None:
        if change.added:
            call_all(self._added_callbacks, list(change.added))
