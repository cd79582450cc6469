"""``livecomments.v1.CommentService``: the use cases for internal services."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence

from comment_service.change import ChangeKind
from comment_service.changes import Changed
from comment_service.comment import Comment
from comment_service.comments import Draft
from comment_service.metrics import CommentServiceMetrics
from comment_service.page import Direction, PageRequest, Sort
from comment_service.rates import Action
from comment_service.refusal import InvalidArgument, RateLimited
from comment_service.rpc.edge import Context, GrpcEdge, page_size, video
from comment_service.rpc.media import media_message
from comment_service.sender import Sender
from comment_service.services import Services
from livecomments.v1 import comment_service_pb2 as pb
from livecomments.v1 import comment_service_pb2_grpc
from service_kit.grpc_server import GrpcService
from service_kit.video_id import is_video_id

MAX_CHANGES_WITH_PAGE = 200
MAX_POSTS = 200
_DIRECTIONS = {
    pb.DIRECTION_UNSPECIFIED: Direction.BEFORE,
    pb.DIRECTION_BEFORE: Direction.BEFORE,
    pb.DIRECTION_AFTER: Direction.AFTER,
}
_SORTS = {pb.SORT_UNSPECIFIED: Sort.DESC, pb.SORT_DESC: Sort.DESC, pb.SORT_ASC: Sort.ASC}
_CHANGE_KINDS = {
    ChangeKind.EDIT: pb.Change.KIND_EDIT,
    ChangeKind.DELETE: pb.Change.KIND_DELETE,
    ChangeKind.END: pb.Change.KIND_END,
}


class CommentServicer(comment_service_pb2_grpc.CommentServiceServicer):
    """A call that its client gives up (a deadline, a cancel) ends at once; a comment it had taken in is still stored
    and announced."""

    def __init__(self, services: Services, metrics: CommentServiceMetrics) -> None:
        self._services = services
        self._edge = GrpcEdge(
            services.verifier, metrics, rates=services.rates, read_needs_token=services.read_needs_token
        )

    def service(self) -> GrpcService:
        """What a ``GrpcServer`` serves."""
        return self._edge.serve(pb.DESCRIPTOR.services_by_name["CommentService"], self)

    async def PostComment(self, request: pb.PostCommentRequest, context: Context) -> pb.PostCommentResponse:  # noqa: N802
        return await self._edge.answer("PostComment", self._post(request, context), context)

    async def PostComments(  # noqa: N802
        self, requests: AsyncIterator[pb.PostCommentsRequest], context: Context
    ) -> AsyncIterator[pb.PostCommentsResponse]:
        posts = self._edge.answer_each("PostComments", requests, lambda each: self._post_all(each, context), context)
        async for response in posts:
            yield response

    async def GetComment(self, request: pb.GetCommentRequest, context: Context) -> pb.GetCommentResponse:  # noqa: N802
        return await self._edge.answer("GetComment", self._get(request, context), context)

    async def ListComments(self, request: pb.ListCommentsRequest, context: Context) -> pb.ListCommentsResponse:  # noqa: N802
        return await self._edge.answer("ListComments", self._list(request, context), context)

    async def ListReplies(self, request: pb.ListRepliesRequest, context: Context) -> pb.ListRepliesResponse:  # noqa: N802
        return await self._edge.answer("ListReplies", self._replies(request, context), context)

    async def ListChanges(self, request: pb.ListChangesRequest, context: Context) -> pb.ListChangesResponse:  # noqa: N802
        return await self._edge.answer("ListChanges", self._changes(request, context), context)

    async def EditComment(self, request: pb.EditCommentRequest, context: Context) -> pb.EditCommentResponse:  # noqa: N802
        return await self._edge.answer("EditComment", self._edit(request, context), context)

    async def DeleteComment(self, request: pb.DeleteCommentRequest, context: Context) -> pb.DeleteCommentResponse:  # noqa: N802
        return await self._edge.answer("DeleteComment", self._delete(request, context), context)

    async def EndVideo(self, request: pb.EndVideoRequest, context: Context) -> pb.EndVideoResponse:  # noqa: N802
        return await self._edge.answer("EndVideo", self._end(request, context), context)

    async def _post(self, request: pb.PostCommentRequest, context: Context) -> pb.PostCommentResponse:
        draft = draft_of(request)
        sender = self._edge.admitted(context, Action.POST, draft.live_video_id)
        posted = await self._services.comments.post(sender, draft)
        return pb.PostCommentResponse(comment=comment_message(posted.comment))

    async def _post_all(self, request: pb.PostCommentsRequest, context: Context) -> pb.PostCommentsResponse:
        if not 1 <= len(request.posts) <= MAX_POSTS:
            raise InvalidArgument("posts", f"are {len(request.posts)}; 1 to {MAX_POSTS} are possible")
        sender = self._edge.sender(context)
        counted = self._counted_together(request.posts, sender)
        outcomes = await asyncio.gather(*(self._outcome(post, sender, counted) for post in request.posts))
        return pb.PostCommentsResponse(outcomes=outcomes)

    def _counted_together(self, posts: Sequence[pb.PostCommentRequest], sender: Sender) -> frozenset[str]:
        """The videos of which all posts are within the limits, and count now; of the others each is to be asked."""
        counted = set()
        for live_video_id, requests in Counter(post.live_video_id for post in posts).items():
            if not is_video_id(live_video_id):
                continue
            try:
                self._services.rates.take(Action.POST, sender, live_video_id, requests=requests)
            except RateLimited:
                continue
            counted.add(live_video_id)
        return frozenset(counted)

    async def _outcome(self, request: pb.PostCommentRequest, sender: Sender, counted: frozenset[str]) -> pb.PostOutcome:
        try:
            draft = draft_of(request)
            if draft.live_video_id not in counted:
                self._services.rates.take(Action.POST, sender, draft.live_video_id)
            posted = await self._services.comments.post(sender, draft)
        except Exception as error:
            return pb.PostOutcome(refusal=self._edge.refusal_message("PostComments", error))
        return pb.PostOutcome(comment=comment_message(posted.comment))

    async def _get(self, request: pb.GetCommentRequest, context: Context) -> pb.GetCommentResponse:
        self._edge.require_reader(context)
        comment = await self._services.comments.get(video(request.live_video_id), request.comment_id)
        return pb.GetCommentResponse(comment=comment_message(comment))

    async def _list(self, request: pb.ListCommentsRequest, context: Context) -> pb.ListCommentsResponse:
        self._edge.require_reader(context)
        live_video_id = video(request.live_video_id)
        page = await self._services.comments.list(live_video_id, page_request(request))
        response = pb.ListCommentsResponse(
            comments=[comment_message(comment) for comment in page.comments],
            next_cursor=page.next_cursor,
            has_more=page.has_more,
            ended=(await self._services.videos.get(live_video_id)).ended,
        )
        if not request.HasField("cursor"):
            response.video_reactions.update(await self._services.reactions.of_video(live_video_id))
        if request.HasField("changes_after"):
            changes, response.more_changes = await self._services.changes.list(
                live_video_id, request.changes_after, MAX_CHANGES_WITH_PAGE
            )
            response.changes.extend(change_message(changed) for changed in changes)
        return response

    async def _replies(self, request: pb.ListRepliesRequest, context: Context) -> pb.ListRepliesResponse:
        self._edge.require_reader(context)
        live_video_id, size = video(request.live_video_id), page_size(request.page_size)
        cursor = request.cursor if request.HasField("cursor") else None
        page = await self._services.comments.replies(live_video_id, request.comment_id, cursor, size)
        return pb.ListRepliesResponse(
            comments=[comment_message(comment) for comment in page.comments],
            next_cursor=page.next_cursor,
            has_more=page.has_more,
        )

    async def _changes(self, request: pb.ListChangesRequest, context: Context) -> pb.ListChangesResponse:
        self._edge.require_reader(context)
        live_video_id, size = video(request.live_video_id), page_size(request.page_size)
        changes, has_more = await self._services.changes.list(live_video_id, request.after, size)
        return pb.ListChangesResponse(changes=[change_message(changed) for changed in changes], has_more=has_more)

    async def _edit(self, request: pb.EditCommentRequest, context: Context) -> pb.EditCommentResponse:
        live_video_id = video(request.live_video_id)
        sender = self._edge.admitted(context, Action.POST, live_video_id)
        posted = await self._services.changes.edit(sender, live_video_id, request.comment_id, request.content)
        return pb.EditCommentResponse(comment=comment_message(posted.comment))

    async def _delete(self, request: pb.DeleteCommentRequest, context: Context) -> pb.DeleteCommentResponse:
        live_video_id, sender = video(request.live_video_id), self._edge.sender(context)
        await self._services.changes.delete(sender, live_video_id, request.comment_id)
        return pb.DeleteCommentResponse()

    async def _end(self, request: pb.EndVideoRequest, context: Context) -> pb.EndVideoResponse:
        live_video_id, sender = video(request.live_video_id), self._edge.sender(context)
        await self._services.videos.end(sender.identity, live_video_id)
        return pb.EndVideoResponse()


def draft_of(request: pb.PostCommentRequest) -> Draft:
    """Raises ``InvalidArgument``."""
    return Draft(
        live_video_id=video(request.live_video_id),
        content=request.content,
        reply_to=request.reply_to if request.HasField("reply_to") else None,
        media=tuple(request.media_ids),
        idempotency_key=request.idempotency_key or None,
    )


def comment_message(comment: Comment) -> pb.Comment:
    """The comment as its proto."""
    message = pb.Comment(
        comment_id=comment.comment_id,
        live_video_id=comment.live_video_id,
        author_id=comment.author_id,
        author_name=comment.author_name,
        content=comment.content,
        reply_to=comment.reply_to,
        media=[media_message(media) for media in comment.media],
        reactions=comment.reactions,
        reply_count=comment.reply_count,
    )
    message.created_at.FromMilliseconds(comment.created_at_ms)
    if comment.edited_at_ms is not None:
        message.edited_at.FromMilliseconds(comment.edited_at_ms)
    return message


def change_message(changed: Changed) -> pb.Change:
    """The change as its proto."""
    change = changed.change
    return pb.Change(
        change_id=change.change_id,
        kind=_CHANGE_KINDS[change.kind],
        comment_id=change.comment_id,
        comment=None if changed.comment is None else comment_message(changed.comment),
    )


def page_request(request: pb.ListCommentsRequest) -> PageRequest:
    """Raises ``InvalidArgument`` naming the field that is out of range."""
    size = page_size(request.page_size)
    if request.direction not in _DIRECTIONS:
        raise InvalidArgument("direction", "is none of DIRECTION_BEFORE, DIRECTION_AFTER")
    if request.sort not in _SORTS:
        raise InvalidArgument("sort", "is none of SORT_DESC, SORT_ASC")
    return PageRequest(
        cursor=request.cursor if request.HasField("cursor") else None,
        direction=_DIRECTIONS[request.direction],
        size=size,
        sort=_SORTS[request.sort],
    )
