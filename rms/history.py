"""History from the comment services: what a channel opens with, what a viewer missed, what filled a hole."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc
import structlog

from livecomments.v1 import comment_service_pb2 as pb
from livecomments.v1 import comment_service_pb2_grpc as pb_grpc
from rms.comment_json import comment_json
from rms.reasons import HistoryReason
from service_kit.auth.service_token import ServiceToken
from service_kit.grpc_client import OpenChannel, open_channel

if TYPE_CHECKING:
    from coordination.membership import MembershipView, NodeRecord
    from rms.metrics import ServiceMetrics

MAX_PAGE = 1000
# A node that failed is asked last for this long: while it hangs, each call to it would take the whole timeout.
SHUN_S = 2.0
# Comments turned into JSON (10 µs each) before the loop serves others.
SLICE = 100

_log = structlog.get_logger()


class HistoryUnavailableError(Exception):
    """No comment service gave the page. ``reason`` says why, for the log and the metric."""

    def __init__(self, reason: HistoryReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Comments of a video in id order.

    Attributes:
        comments: (comment id, JSON), oldest first.
        complete: nothing lies between what was asked for and these: no older comments for the newest page, no newer
            ones for a page that follows a cursor.
    """

    comments: list[tuple[int, bytes]]
    complete: bool

    def reaches(self, comment_id: int) -> bool:
        """Of a newest page: it has every comment with a greater id."""
        return self.complete or (bool(self.comments) and self.comments[0][0] <= comment_id)


class History:
    """Reads pages by ``ListComments``, a few at a time, from whichever comment service answers.

    ``view`` is a started ``MembershipView`` of the comment services. A page is asked of one node after another, each
    for ``timeout_s``, at most ``attempts`` of them. ``concurrent`` reads run, ``waiting`` more may wait for a turn.
    ``token``: what each call brings, where this node has any.
    """

    def __init__(
        self,
        view: MembershipView,
        metrics: ServiceMetrics,
        *,
        timeout_s: float = 1.0,
        attempts: int = 3,
        concurrent: int = 8,
        waiting: int = 4096,
        token: ServiceToken | None = None,
        open_channel: OpenChannel = open_channel,
    ) -> None:
        self._open_channel = open_channel
        self._view = view
        self._token = token
        self._told_refused = False
        self._metrics = metrics
        self._timeout_s = timeout_s
        self._attempts = attempts
        self._turns = asyncio.Semaphore(concurrent)
        self._room = concurrent + waiting
        self._asked = 0
        self._first = 0
        self._channels: dict[str, grpc.aio.Channel] = {}
        self._shunned: dict[str, float] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._unsubscribe = view.on_change(self._close_gone)

    async def newest(self, video: str, limit: int = MAX_PAGE) -> HistoryPage:
        """The newest ``limit`` comments. Raises ``HistoryUnavailableError``."""
        return await self._page(
            pb.ListCommentsRequest(live_video_id=video, page_size=limit, sort=pb.SORT_DESC), newest_first=True
        )

    async def reaching(self, video: str, page: HistoryPage, since: int, *, pages: int) -> HistoryPage:
        """``page`` with up to ``pages`` older ones before it, so that nothing after ``since`` is left out where that
        is enough. Raises ``HistoryUnavailableError``."""
        for _ in range(pages):
            if page.reaches(since):
                break
            older = await self._page(
                pb.ListCommentsRequest(
                    live_video_id=video,
                    cursor=page.comments[0][0],
                    direction=pb.DIRECTION_BEFORE,
                    page_size=MAX_PAGE,
                    sort=pb.SORT_DESC,
                ),
                newest_first=True,
            )
            page = HistoryPage(older.comments + page.comments, older.complete)
        return page

    async def after(self, video: str, cursor: int, limit: int = MAX_PAGE) -> HistoryPage:
        """The ``limit`` comments next to ``cursor``, newer than it. Raises ``HistoryUnavailableError``."""
        request = pb.ListCommentsRequest(
            live_video_id=video, cursor=cursor, direction=pb.DIRECTION_AFTER, page_size=limit, sort=pb.SORT_ASC
        )
        return await self._page(request, newest_first=False)

    async def aclose(self) -> None:
        """Closes the channels to all nodes."""
        self._unsubscribe()
        channels, self._channels = self._channels, {}
        await asyncio.gather(*self._closing, *(channel.close(None) for channel in channels.values()))

    async def _page(self, request: pb.ListCommentsRequest, *, newest_first: bool) -> HistoryPage:
        if self._asked >= self._room:
            self._metrics.history_failures.labels(HistoryReason.BUSY).inc()
            raise HistoryUnavailableError(HistoryReason.BUSY, f"{self._asked} reads wait already")
        self._asked += 1
        self._metrics.history_waiting.set(self._asked)
        try:
            async with self._turns:
                response = await self._ask_one_after_another(request)
                return await _to_page(response, newest_first=newest_first)
        except HistoryUnavailableError as error:
            self._metrics.history_failures.labels(error.reason).inc()
            raise
        finally:
            self._asked -= 1
            self._metrics.history_waiting.set(self._asked)

    async def _ask_one_after_another(self, request: pb.ListCommentsRequest) -> pb.ListCommentsResponse:
        addresses = self._in_turn()
        if not addresses:
            raise HistoryUnavailableError(HistoryReason.NO_COMMENT_SERVICE, "no comment service is known")
        reason, detail = HistoryReason.UNREACHABLE, ""
        for address in addresses[: self._attempts]:
            stub = pb_grpc.CommentServiceStub(self._channel_to(address))
            try:
                with self._metrics.history_read_seconds.time():
                    return await stub.ListComments(request, timeout=self._timeout_s, metadata=self._metadata())
            except grpc.aio.AioRpcError as error:
                detail = f"{address}: {error.code().name} {error.details()}"
                if error.code() is grpc.StatusCode.UNAUTHENTICATED:
                    reason = HistoryReason.UNAUTHENTICATED
                    self._tell_refused(detail)
                self._shunned[address] = asyncio.get_running_loop().time() + SHUN_S
            except (grpc.aio.UsageError, asyncio.CancelledError):
                # The channel was closed under the call because its node left the membership just now.
                if (task := asyncio.current_task()) is not None and task.cancelling():
                    raise
                detail = f"{address}: left"
        raise HistoryUnavailableError(reason, detail)

    def _tell_refused(self, detail: str) -> None:
        if not self._told_refused:  # it goes on until somebody mends it, many times a second
            self._told_refused = True
            _log.warning("history_refused", reason=HistoryReason.UNAUTHENTICATED, detail=detail)

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        return () if self._token is None else (("authorization", f"Bearer {self._token()}"),)

    def _in_turn(self) -> list[str]:
        """The nodes' addresses, each time another one first, those that failed a moment ago last."""
        addresses = sorted({record.grpc for record in self._view.nodes.values() if record.grpc})
        if not addresses:
            return []
        self._first = (self._first + 1) % len(addresses)
        now = asyncio.get_running_loop().time()
        self._shunned = {address: until for address, until in self._shunned.items() if until > now}
        rotated = addresses[self._first :] + addresses[: self._first]
        return sorted(rotated, key=self._shunned.__contains__)

    def _channel_to(self, address: str) -> grpc.aio.Channel:
        channel = self._channels.get(address)
        if channel is None:
            channel = self._channels[address] = self._open_channel(address)
        return channel

    def _close_gone(self, nodes: Mapping[str, NodeRecord]) -> None:
        here = {record.grpc for record in nodes.values()}
        for address in self._channels.keys() - here:
            task = asyncio.ensure_future(self._channels.pop(address).close(grace=self._timeout_s))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


async def _to_page(response: pb.ListCommentsResponse, *, newest_first: bool) -> HistoryPage:
    comments: list[tuple[int, bytes]] = []
    for comment in response.comments:
        comments.append((comment.comment_id, comment_json(comment)))
        if len(comments) % SLICE == 0:
            await asyncio.sleep(0)
    if newest_first:
        comments.reverse()
    return HistoryPage(comments, complete=not response.has_more)
