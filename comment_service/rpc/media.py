"""``livecomments.v1.MediaService``: images for internal services."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from comment_service.comment import Media
from comment_service.media.build import MediaParts
from comment_service.media.uploads import Upload
from comment_service.metrics import CommentServiceMetrics
from comment_service.rates import Action
from comment_service.refusal import TooSlow
from comment_service.rpc.edge import Context, GrpcEdge
from comment_service.services import Services
from livecomments.v1 import comment_service_pb2, media_pb2_grpc
from livecomments.v1 import media_pb2 as pb
from service_kit.grpc_server import GrpcService


class MediaServicer(media_pb2_grpc.MediaServiceServicer):
    """As ``CommentServicer``."""

    def __init__(self, services: Services, media: MediaParts, metrics: CommentServiceMetrics) -> None:
        self._media = media
        self._edge = GrpcEdge(
            services.verifier, metrics, rates=services.rates, read_needs_token=services.read_needs_token
        )

    def service(self) -> GrpcService:
        """What a ``GrpcServer`` serves."""
        return self._edge.serve(pb.DESCRIPTOR.services_by_name["MediaService"], self)

    async def UploadMedia(  # noqa: N802
        self, request_iterator: AsyncIterator[pb.UploadMediaRequest], context: Context
    ) -> pb.UploadMediaResponse:
        return await self._edge.answer("UploadMedia", self._upload(request_iterator, context), context)

    async def GetMedia(self, request: pb.GetMediaRequest, context: Context) -> pb.GetMediaResponse:  # noqa: N802
        return await self._edge.answer("GetMedia", self._get(request, context), context)

    async def _upload(self, requests: AsyncIterator[pb.UploadMediaRequest], context: Context) -> pb.UploadMediaResponse:
        upload = await self._media.uploads.begin(self._edge.admitted(context, Action.UPLOAD))
        try:
            await self._receive(requests, upload)
            return pb.UploadMediaResponse(media=media_message(await upload.finish()))
        finally:
            upload.abandon()

    async def _receive(self, requests: AsyncIterator[pb.UploadMediaRequest], upload: Upload) -> None:
        timeout_s = self._media.uploads.timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                async for request in requests:
                    await upload.append(request.chunk)
        except TimeoutError:
            raise TooSlow(f"the image did not arrive within {timeout_s:g} s") from None

    async def _get(self, request: pb.GetMediaRequest, context: Context) -> pb.GetMediaResponse:
        self._edge.require_reader(context)
        return pb.GetMediaResponse(media=media_message(await self._media.library.get(request.media_id)))


def media_message(media: Media) -> comment_service_pb2.Media:
    """The image as its proto."""
    return comment_service_pb2.Media(
        media_id=media.media_id, content_type=media.content_type, width=media.width, height=media.height
    )
