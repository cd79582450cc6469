"""``livecomments.v1.CommentService``: the use cases for internal services."""

from __future__ import annotations

from typing import NoReturn

from comment_service.comment import Comment
from comment_service.comments import Draft
from comment_service.grpc_handlers import Context, GrpcEdge, video
from comment_service.metrics import CommentServiceMetrics
from comment_service.page import DEFAULT_SIZE, Direction, PageRequest, Sort
from comment_service.reasons import RefusalReason
from comment_service.refusal import InvalidArgument, Refusal
from comment_service.services import Services
from livecomments.v1 import comment_service_pb2 as pb
from livecomments.v1 import comment_service_pb2_grpc
from service_kit.grpc_server import GrpcService

MAX_PAGE_SIZE = 1000
_DIRECTIONS = {
    pb.DIRECTION_UNSPECIFIED: Direction.BEFORE,
    pb.DIRECTION_BEFORE: Direction.BEFORE,
    pb.DIRECTION_AFTER: Direction.AFTER,
}
_SORTS = {pb.SORT_UNSPECIFIED: Sort.DESC, pb.SORT_DESC: Sort.DESC, pb.SORT_ASC: Sort.ASC}


class CommentServicer(comment_service_pb2_grpc.CommentServiceServicer):
    """A call that its client gives up (a deadline, a cancel) ends at once; a comment it had taken in is still stored
    and announced."""

    def __init__(self, services: Services, metrics: CommentServiceMetrics) -> None:
        self._services = services
        self._edge = GrpcEdge(services.verifier, metrics, read_needs_token=services.read_needs_token)

    def service(self) -> GrpcService:
        """What a ``GrpcServer`` serves."""
        return self._edge.serve(pb.DESCRIPTOR.services_by_name["CommentService"], self)

    async def PostComment(self, request: pb.PostCommentRequest, context: Context) -> pb.PostCommentResponse:  # noqa: N802
        return await self._edge.answer("PostComment", self._post(request, context), context)

    async def GetComment(self, request: pb.GetCommentRequest, context: Context) -> pb.GetCommentResponse:  # noqa: N802
        return await self._edge.answer("GetComment", self._get(request, context), context)

    async def ListComments(self, request: pb.ListCommentsRequest, context: Context) -> pb.ListCommentsResponse:  # noqa: N802
        return await self._edge.answer("ListComments", self._list(request, context), context)

    async def EditComment(self, request: pb.EditCommentRequest, context: Context) -> pb.EditCommentResponse:  # noqa: N802
        return await self._edge.answer("EditComment", _unimplemented("comments cannot be edited yet"), context)

    async def DeleteComment(self, request: pb.DeleteCommentRequest, context: Context) -> pb.DeleteCommentResponse:  # noqa: N802
        return await self._edge.answer("DeleteComment", _unimplemented("comments cannot be deleted yet"), context)

    async def EndVideo(self, request: pb.EndVideoRequest, context: Context) -> pb.EndVideoResponse:  # noqa: N802
        return await self._edge.answer("EndVideo", _unimplemented("videos cannot be ended yet"), context)

    async def _post(self, request: pb.PostCommentRequest, context: Context) -> pb.PostCommentResponse:
        live_video_id = video(request.live_video_id)
        reply_to = request.reply_to if request.HasField("reply_to") else None
        draft = Draft(live_video_id, request.content, reply_to, tuple(request.media_ids))
        posted = await self._services.comments.post(self._edge.sender(context), draft)
        return pb.PostCommentResponse(comment=comment_message(posted.comment))

    async def _get(self, request: pb.GetCommentRequest, context: Context) -> pb.GetCommentResponse:
        self._edge.require_reader(context)
        comment = await self._services.comments.get(video(request.live_video_id), request.comment_id)
        return pb.GetCommentResponse(comment=comment_message(comment))

    async def _list(self, request: pb.ListCommentsRequest, context: Context) -> pb.ListCommentsResponse:
        self._edge.require_reader(context)
        page = await self._services.comments.list(video(request.live_video_id), page_request(request))
        return pb.ListCommentsResponse(
            comments=[comment_message(comment) for comment in page.comments],
            next_cursor=page.next_cursor,
            has_more=page.has_more,
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
        reactions=comment.reactions,
    )
    message.created_at.FromMilliseconds(comment.created_at_ms)
    if comment.edited_at_ms is not None:
        message.edited_at.FromMilliseconds(comment.edited_at_ms)
    return message


def page_request(request: pb.ListCommentsRequest) -> PageRequest:
    """Raises ``InvalidArgument`` naming the field that is out of range."""
    if request.page_size > MAX_PAGE_SIZE:
        raise InvalidArgument("page_size", f"is not a number from 1 to {MAX_PAGE_SIZE}, or 0 for {DEFAULT_SIZE}")
    if request.direction not in _DIRECTIONS:
        raise InvalidArgument("direction", "is none of DIRECTION_BEFORE, DIRECTION_AFTER")
    if request.sort not in _SORTS:
        raise InvalidArgument("sort", "is none of SORT_DESC, SORT_ASC")
    return PageRequest(
        cursor=request.cursor if request.HasField("cursor") else None,
        direction=_DIRECTIONS[request.direction],
        size=request.page_size or DEFAULT_SIZE,
        sort=_SORTS[request.sort],
    )


class _Unimplemented(Refusal):
    reason = RefusalReason.UNIMPLEMENTED


async def _unimplemented(problem: str) -> NoReturn:
    raise _Unimplemented(problem)
