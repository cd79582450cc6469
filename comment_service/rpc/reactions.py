"""``livecomments.v1.ReactionService``: the use cases of reactions for internal services."""

from __future__ import annotations

from comment_service.metrics import CommentServiceMetrics
from comment_service.rates import Action
from comment_service.rpc.edge import Context, GrpcEdge, video
from comment_service.services import Services
from livecomments.v1 import reactions_pb2 as pb
from livecomments.v1 import reactions_pb2_grpc
from service_kit.grpc_server import GrpcService


class ReactionServicer(reactions_pb2_grpc.ReactionServiceServicer):
    """A call that its client gives up ends at once; a reaction it had taken in is still stored and told."""

    def __init__(self, services: Services, metrics: CommentServiceMetrics) -> None:
        self._reactions = services.reactions
        self._edge = GrpcEdge(services.verifier, metrics, rates=services.rates)

    def service(self) -> GrpcService:
        """What a ``GrpcServer`` serves."""
        return self._edge.serve(pb.DESCRIPTOR.services_by_name["ReactionService"], self)

    async def ReactToComment(self, request: pb.ReactToCommentRequest, context: Context) -> pb.ReactToCommentResponse:  # noqa: N802
        return await self._edge.answer("ReactToComment", self._react(request, context), context)

    async def RemoveReaction(self, request: pb.RemoveReactionRequest, context: Context) -> pb.RemoveReactionResponse:  # noqa: N802
        return await self._edge.answer("RemoveReaction", self._remove(request, context), context)

    async def ReactToVideo(self, request: pb.ReactToVideoRequest, context: Context) -> pb.ReactToVideoResponse:  # noqa: N802
        return await self._edge.answer("ReactToVideo", self._react_to_video(request, context), context)

    async def _react(self, request: pb.ReactToCommentRequest, context: Context) -> pb.ReactToCommentResponse:
        live_video_id = video(request.live_video_id)
        sender = self._edge.admitted(context, Action.REACTION)
        await self._reactions.react(sender, live_video_id, request.comment_id, request.kind)
        return pb.ReactToCommentResponse()

    async def _remove(self, request: pb.RemoveReactionRequest, context: Context) -> pb.RemoveReactionResponse:
        live_video_id = video(request.live_video_id)
        sender = self._edge.admitted(context, Action.REACTION)
        await self._reactions.unreact(sender, live_video_id, request.comment_id, request.kind)
        return pb.RemoveReactionResponse()

    async def _react_to_video(self, request: pb.ReactToVideoRequest, context: Context) -> pb.ReactToVideoResponse:
        live_video_id = video(request.live_video_id)
        sender = self._edge.admitted(context, Action.REACTION, amount=request.count or 1)
        await self._reactions.react_to_video(sender, live_video_id, request.kind, request.count or 1)
        return pb.ReactToVideoResponse()
