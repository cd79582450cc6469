"""``livecomments.v1.CommentService``: the use cases for internal services."""

from __future__ import annotations

from collections.abc import AsyncIterator

from comment_service.metrics import CommentServiceMetrics
from comment_service.rates import Action
from comment_service.refusal import InvalidArgument
from comment_service.rpc.edge import Context, GrpcEdge, page_size, video
from comment_service.rpc.messages import change_message, comment_message, draft_of, page_request
from comment_service.rpc.posting import Posting
from comment_service.services import Services
from livecomments.v1 import comment_service_pb2 as pb
from livecomments.v1 import comment_service_pb2_grpc
from service_kit.grpc_server import GrpcService

MAX_CHANGES_WITH_PAGE = 200
MAX_POSTS = 200


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
        posting = Posting(self._services, self._edge.sender(context), self._refused)
        return pb.PostCommentsResponse(outcomes=await posting.outcomes(request.posts))

    def _refused(self, error: Exception) -> pb.PostRefusal:
        return self._edge.refusal_message("PostComments", error)

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
