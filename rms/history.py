"""History from the comment services: what a channel opens with, what a viewer missed, what filled a hole; with what was
changed since."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from coordination.ids import clock_ms, first_id_at_ms
from livecomments.v1 import comment_service_pb2 as pb
from rms import frames
from rms.changes import NO_CHANGES, Change, Changes
from rms.comment_json import comment_json
from rms.comment_services import CommentServices, HistoryUnavailableError, list_changes, list_comments
from rms.reasons import HistoryReason

if TYPE_CHECKING:
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
# Comments turned into JSON (10 µs each) before the loop serves others.
SLICE = 100


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
    """Reads pages from ``services``, a few at a time: ``concurrent`` reads run, ``waiting`` more may wait for a turn.

    ``clock_ms`` gives milliseconds since 1970.
    """

    def __init__(
        self,
        services: CommentServices,
        metrics: ServiceMetrics,
        *,
        concurrent: int = 8,
        waiting: int = 4096,
        clock_ms: Callable[[], int] = clock_ms,
    ) -> None:
        self._services = services
        self._metrics = metrics
        self._turns = asyncio.Semaphore(concurrent)
        self._room = concurrent + waiting
        self._clock_ms = clock_ms
        self._asked = 0

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

    async def _page(self, request: pb.ListCommentsRequest, *, newest_first: bool) -> HistoryPage:
        if self._asked >= self._room:
            self._metrics.history_failures.labels(HistoryReason.BUSY).inc()
            raise HistoryUnavailableError(HistoryReason.BUSY, f"{self._asked} reads wait already")
        self._asked += 1
        self._metrics.history_waiting.set(self._asked)
        try:
            async with self._turns:
                response = await self._services.ask(list_comments(request))
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
            answer = await self._services.ask(list_changes(wanted))
            found += answer.changes
            more = answer.has_more
        return Changes(await _to_changes(found), after, _ended(response.ended, found))

    def _ago(self, ms: int) -> int:
        return first_id_at_ms(self._clock_ms() - ms)


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
