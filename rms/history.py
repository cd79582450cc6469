"""History from the comment services: what a channel opens with, what a viewer missed, what filled a hole; with what was
changed since."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import grpc
import structlog

from coordination.ids import first_id_at_ms
from livecomments.v1 import comment_service_pb2 as pb
from livecomments.v1 import comment_service_pb2_grpc as pb_grpc
from rms import frames
from rms.changes import NO_CHANGES, Change, Changes
from rms.comment_json import comment_json
from rms.reasons import HistoryReason
from service_kit.auth.service_token import ServiceToken
from service_kit.grpc_client import OpenChannel, open_channel

if TYPE_CHECKING:
    from coordination.membership import MembershipView, NodeRecord
    from rms.metrics import ServiceMetrics

MAX_PAGE = 1000
# How far back changes are asked for beside the newest page: a store may have forgotten older ones.
CHANGES_MS = 24 * 3600 * 1000
# Where those are more than this, only what matters for who was away for a moment.
MAX_CHANGES = 1000
RECENT_CHANGES_MS = 180_000
MAX_RECENT_CHANGES = 5000
# In place of the id after which changes are known: they are so many that nothing is said of any time.
NO_CHANGES_KNOWN = 2**63 - 1
# A node that failed is asked last for this long: while it hangs, each call to it would take the whole timeout.
SHUN_S = 2.0
# Comments turned into JSON (10 µs each) before the loop serves others.
SLICE = 100

_log = structlog.get_logger()
Answer = TypeVar("Answer")
Stub = Any  # the stub's type differs between the two kinds of channel
Call = Callable[[Stub, dict[str, Any]], Awaitable[Answer]]


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
        changes: what was changed, read after the comments.
        video_reactions: of the newest page, the totals of reactions to the video itself.
    """

    comments: list[tuple[int, bytes]]
    complete: bool
    changes: Changes = NO_CHANGES
    video_reactions: Mapping[str, int] = field(default_factory=dict)

    def reaches(self, comment_id: int) -> bool:
        """Of a newest page: it has every comment with a greater id."""
        return self.complete or (bool(self.comments) and self.comments[0][0] <= comment_id)


class History:
    """Reads pages by ``ListComments``, a few at a time, from whichever comment service answers.

    ``view`` is a started ``MembershipView`` of the comment services. A page is asked of one node after another, each
    for ``timeout_s``, at most ``attempts`` of them. ``concurrent`` reads run, ``waiting`` more may wait for a turn.
    ``token``: what each call brings, where this node has any.
    ``clock_ms`` gives milliseconds since 1970.
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
        clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
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
        self._clock_ms = clock_ms
        self._asked = 0
        self._first = 0
        self._channels: dict[str, grpc.aio.Channel] = {}
        self._shunned: dict[str, float] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._unsubscribe = view.on_change(self._close_gone)

    async def newest(self, video: str, limit: int = MAX_PAGE) -> HistoryPage:
        """The newest ``limit`` comments, and the changes of the last day; where those are over 1,000, of the last
        three minutes. Raises ``HistoryUnavailableError``."""
        request = pb.ListCommentsRequest(
            live_video_id=video, page_size=limit, sort=pb.SORT_DESC, changes_after=self._ago(CHANGES_MS)
        )
        return await self._page(request, newest_first=True)

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
                    changes_after=page.changes.newest_id,
                ),
                newest_first=True,
            )
            page = HistoryPage(older.comments + page.comments, older.complete, page.changes.followed_by(older.changes))
        return page

    async def after(
        self, video: str, cursor: int, limit: int = MAX_PAGE, *, changes_after: int | None = None
    ) -> HistoryPage:
        """The ``limit`` comments next to ``cursor``, newer than it, and the changes after it, or after
        ``changes_after``. Raises ``HistoryUnavailableError``."""
        request = pb.ListCommentsRequest(
            live_video_id=video,
            cursor=cursor,
            direction=pb.DIRECTION_AFTER,
            page_size=limit,
            sort=pb.SORT_ASC,
            changes_after=cursor if changes_after is None else changes_after,
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
                response = await self._ask_one_after_another(_list_comments(request))
                comments = await _to_json(response.comments)
                changes = await self._changes(request, response)
        except HistoryUnavailableError as error:
            self._metrics.history_failures.labels(error.reason).inc()
            raise
        finally:
            self._asked -= 1
            self._metrics.history_waiting.set(self._asked)
        if newest_first:
            comments.reverse()
        return HistoryPage(comments, not response.has_more, changes, dict(response.video_reactions))

    async def _changes(self, request: pb.ListCommentsRequest, response: pb.ListCommentsResponse) -> Changes:
        """Those that came with the page, and the rest."""
        after, recent = request.changes_after, self._ago(RECENT_CHANGES_MS)
        found, more, most = list(response.changes), response.more_changes, MAX_CHANGES
        while more and after != NO_CHANGES_KNOWN:
            if len(found) >= most and after < recent:
                after, found, most = recent, [], MAX_RECENT_CHANGES
            elif len(found) >= most:
                after = NO_CHANGES_KNOWN
                break
            last = found[-1].change_id if found else after
            size = min(MAX_PAGE, most - len(found))
            wanted = pb.ListChangesRequest(live_video_id=request.live_video_id, after=last, page_size=size)
            answer = await self._ask_one_after_another(_list_changes(wanted))
            found += answer.changes
            more = answer.has_more
        return Changes(await _to_changes(found), after, _ended(response.ended, found))

    def _ago(self, ms: int) -> int:
        return first_id_at_ms(self._clock_ms() - ms)

    async def _ask_one_after_another(self, call: Call[Answer]) -> Answer:
        addresses = self._in_turn()
        if not addresses:
            raise HistoryUnavailableError(HistoryReason.NO_COMMENT_SERVICE, "no comment service is known")
        reason, detail = HistoryReason.UNREACHABLE, ""
        for address in addresses[: self._attempts]:
            stub = pb_grpc.CommentServiceStub(self._channel_to(address))
            try:
                with self._metrics.history_read_seconds.time():
                    return await call(stub, {"timeout": self._timeout_s, "metadata": self._metadata()})
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


def _list_comments(
    request: pb.ListCommentsRequest,
) -> Call[pb.ListCommentsResponse]:
    return lambda stub, options: stub.ListComments(request, **options)


def _list_changes(
    request: pb.ListChangesRequest,
) -> Call[pb.ListChangesResponse]:
    return lambda stub, options: stub.ListChanges(request, **options)


async def _to_json(comments: Iterable[pb.Comment]) -> list[tuple[int, bytes]]:
    done: list[tuple[int, bytes]] = []
    for comment in comments:
        done.append((comment.comment_id, comment_json(comment)))
        if len(done) % SLICE == 0:
            await asyncio.sleep(0)
    return done


async def _to_changes(found: Iterable[pb.Change]) -> list[Change]:
    """Without edits of comments that were deleted since: the deletion follows."""
    done: list[Change] = []
    for change in found:
        if change.kind == pb.Change.KIND_DELETE:
            data = b'{"commentId":"%d"}' % change.comment_id
            done.append(Change(change.change_id, frames.DELETE, change.comment_id, data))
        elif change.kind == pb.Change.KIND_EDIT and change.HasField("comment"):
            data = comment_json(change.comment)
            done.append(Change(change.change_id, frames.EDIT, change.comment_id, data))
        if len(done) % SLICE == 0:
            await asyncio.sleep(0)
    return done


def _ended(ended: bool, found: Iterable[pb.Change]) -> int | None:
    for change in found:
        if change.kind == pb.Change.KIND_END:
            return change.change_id
    return 0 if ended else None
