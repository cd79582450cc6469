"""What a dispatcher knows of the routes, for whoever asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from coordination.routes import Route, RouteTable
from dispatcher.outbox import Outbox
from livecomments.v1 import dispatcher_pb2


class Directory:
    """Describes ``table`` and ``outboxes``; ``session_state`` says how fresh the table is."""

    def __init__(self, table: RouteTable, outboxes: Iterable[Outbox], *, session_state: Callable[[], str]) -> None:
        self._table = table
        self._outboxes = outboxes
        self._session_state = session_state

    def describe(self, video: str, *, limit: int) -> dispatcher_pb2.DescribeRoutesResponse:
        """The routes of ``video``, or of all videos where it is empty, at most ``limit``; and all outboxes."""
        routes = self._table.routes_of(video) if video else self._all_routes()
        listed = list(islice(routes, limit + 1))
        return dispatcher_pb2.DescribeRoutesResponse(
            session_state=self._session_state().upper(),
            routes=[
                dispatcher_pb2.Route(live_video_id=route.video, rms_id=route.rms_id, boot_id=route.boot_id)
                for route in listed[:limit]
            ],
            outboxes=[
                dispatcher_pb2.Outbox(
                    rms_id=outbox.receiver,
                    address=outbox.address or "",
                    connected=outbox.connected,
                    queued=outbox.queued,
                    dropped=outbox.dropped,
                )
                for outbox in self._outboxes
            ],
            truncated=len(listed) > limit,
        )

    def _all_routes(self) -> Iterator[Route]:
        for video in self._table.videos():
            yield from self._table.routes_of(video)
