"""An RMS under test, and what stands around it: a writer of comments, a comment service, a dispatcher's stream."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace

import grpc
from prometheus_client import CollectorRegistry

from comment_service.comment import Comment
from comment_service.metrics import CommentServiceMetrics
from comment_service.rpc.comments import CommentServicer
from comment_service.services import build_services
from comment_service.store.sqlite import SqliteStore
from coordination.ids import CommentIds, id_time_ms
from coordination.membership import Membership, NodeRecord, Role
from coordination.session import ZooKeeperSession
from livecomments.v1 import event_pb2, realtime_messaging_pb2, realtime_messaging_pb2_grpc
from ops.local_cluster.ports import free_port
from service_kit.auth.keys import OneKey
from service_kit.auth.tokens import TokenVerifier
from service_kit.grpc_server import GrpcServer
from tests.support.viewers import Viewer

VIDEO = "match-42"
SECRET = "s" * 40
DeliverBatch = realtime_messaging_pb2.DeliverBatch


class Writer:
    """Makes comments as one comment-service process does: its own ids, its own chain of ``previous_id``."""

    def __init__(self, worker: int = 1, *, ago_ms: int = 0) -> None:
        self.origin = f"comment-service-{worker}/boot"
        self.ago_ms = ago_ms
        self._ids = CommentIds(0, worker, lambda: time.time_ns() // 1_000_000 - self.ago_ms)
        self._previous: dict[str, int] = {}

    def comment(self, text: str = "hello", video: str = VIDEO) -> Comment:
        """A new comment, not stored and not sent."""
        return Comment(self._ids.next(), video, "u-17", "Ada", text)

    def comments(self, count: int, video: str = VIDEO) -> list[Comment]:
        return [self.comment(f"comment {n}", video) for n in range(count)]

    def event(self, comment: Comment) -> event_pb2.Event:
        """The event of ``comment``, which follows the one that was asked for before."""
        return self._event(comment.live_video_id, comment.comment_id, event_pb2.Event.KIND_COMMENT, comment.to_json())

    def events(self, comments: Sequence[Comment]) -> list[event_pb2.Event]:
        return [self.event(comment) for comment in comments]

    def other_event(self, kind: event_pb2.Event.Kind.ValueType, data: bytes, video: str = VIDEO) -> event_pb2.Event:
        """An event that is no comment."""
        return self._event(video, self._ids.next(), kind, data)

    def head(self, video: str = VIDEO) -> event_pb2.Head:
        """The last event's id, as it is sent once the video is quiet."""
        return event_pb2.Head(live_video_id=video, origin=self.origin, last_id=self._previous[video])

    def _event(self, video: str, event_id: int, kind: event_pb2.Event.Kind.ValueType, data: bytes) -> event_pb2.Event:
        previous = self._previous.get(video, 0)
        self._previous[video] = event_id
        return event_pb2.Event(
            live_video_id=video, event_id=event_id, kind=kind, origin=self.origin, previous_id=previous, data=data
        )


class CommentNode:
    """A comment service's gRPC edge on a real store, registered in ZooKeeper; it can go and come back."""

    def __init__(
        self,
        store: SqliteStore,
        session: ZooKeeperSession,
        node_id: str = "comment-service-1",
        *,
        read_needs_token: bool = False,
    ) -> None:
        self.store = store
        self.reads = 0
        self._read_needs_token = read_needs_token
        self._session = session
        self._node_id = node_id
        self._server: GrpcServer | None = None
        self._membership: Membership | None = None
        self._port = free_port()  # it comes back there

    async def start(self) -> None:
        metrics = CommentServiceMetrics(CollectorRegistry())
        services = build_services(
            self.store,
            CommentIds(0, 99).next,
            _NoPublisher(),
            TokenVerifier(OneKey.from_secret(SECRET)),
            metrics,
            read_needs_token=self._read_needs_token,
        )
        servicer = CommentServicer(services, metrics)
        list_comments = servicer.ListComments

        async def counted(request, context):  # type: ignore[no-untyped-def]
            self.reads += 1
            return await list_comments(request, context)

        servicer.ListComments = counted  # type: ignore[method-assign]
        self._server = GrpcServer("127.0.0.1", self._port, services=[servicer.service()])
        await self._server.start()
        record = NodeRecord(self._node_id, f"boot-of-{self._node_id}", grpc=f"127.0.0.1:{self._port}")
        self._membership = Membership(self._session, Role.COMMENT_SERVICE, record)
        await self._membership.start()

    async def stop_answering(self) -> None:
        """As after kill -9: nobody listens, and ZooKeeper does not know yet."""
        assert self._server is not None
        await self._server.aclose()

    async def answer_again(self) -> None:
        assert self._membership is not None
        membership, self._membership = self._membership, None
        await membership.aclose()
        await self.start()

    async def aclose(self) -> None:
        if self._server is not None:
            await self._server.aclose()
        if self._membership is not None:
            await self._membership.aclose()

    async def edit(self, writer: Writer, comment: Comment, content: str) -> event_pb2.Event:
        """Stores an edit of ``writer``'s; returns its event."""
        edited = replace(comment, content=content)
        event = writer.other_event(event_pb2.Event.KIND_EDIT, b"", comment.live_video_id)
        edited = replace(edited, edited_at_ms=id_time_ms(event.event_id))
        event.data = edited.to_json()
        assert await self.store.comments.edit(
            comment.live_video_id, comment.comment_id, content, id_time_ms(event.event_id), event.event_id
        )
        return event

    async def delete(self, writer: Writer, comment: Comment) -> event_pb2.Event:
        """Stores a deletion of ``writer``'s; returns its event."""
        data = b'{"commentId":"%d"}' % comment.comment_id
        event = writer.other_event(event_pb2.Event.KIND_DELETE, data, comment.live_video_id)
        assert await self.store.comments.delete(comment.live_video_id, comment.comment_id, event.event_id)
        return event

    async def end(self, writer: Writer, video: str = VIDEO) -> event_pb2.Event:
        """Stores the end of a video; returns its event."""
        event = writer.other_event(event_pb2.Event.KIND_END, b"{}", video)
        assert await self.store.videos.end(video, id_time_ms(event.event_id), event.event_id)
        return event

    async def store_all(self, comments: Sequence[Comment]) -> None:
        await asyncio.gather(*(self.store.comments.add(comment) for comment in comments))


class _NoPublisher:
    def publish(self, event: event_pb2.Event) -> None:
        raise AssertionError("the tests deliver by hand")


class Refused(Exception):
    """The stream ended with a status other than OK."""

    def __init__(self, code: grpc.StatusCode, details: str | None) -> None:
        super().__init__(f"{code.name}: {details}")
        self.code = code.name
        self.details = details or ""


def has(viewer: Viewer, *, count: int = 0, comment: Comment | None = None) -> Callable[[], bool]:
    """Whether ``viewer`` has got ``count`` comments, or ``comment``."""
    if comment is not None:
        return lambda: comment.comment_id in viewer.ids
    return lambda: len(viewer.ids) >= count


class Dispatch:
    """One Deliver stream, as a dispatcher holds it."""

    def __init__(self, port: int) -> None:
        self._channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}")
        self._stub = realtime_messaging_pb2_grpc.RealtimeMessagingStub(self._channel)
        self._batches: asyncio.Queue[DeliverBatch] = asyncio.Queue()
        self._call = self._stub.Deliver(self._requests())
        self._sequence = 0
        self.reports: list[tuple[str, int]] = []
        """Viewer counts, as they came."""

    async def deliver(
        self,
        events: Sequence[event_pb2.Event] = (),
        heads: Sequence[event_pb2.Head] = (),
        viewers: Mapping[str, int] | None = None,
    ) -> realtime_messaging_pb2.DeliverAck:
        """Sends a batch and returns its acknowledgement."""
        self._sequence += 1
        batch = DeliverBatch(sequence=self._sequence, events=events, heads=heads, sent_ms=time.time_ns() // 1_000_000)
        for video, count in (viewers or {}).items():
            batch.viewers.add(live_video_id=video, count=count)
        return await self.send(batch)

    async def send(self, batch: DeliverBatch) -> realtime_messaging_pb2.DeliverAck:
        """Sends any batch. Raises ``Refused`` where it ends the stream."""
        self._batches.put_nowait(batch)
        while (ack := await self.read()).sequence < batch.sequence:
            pass
        return ack

    async def read(self) -> realtime_messaging_pb2.DeliverAck:
        """The next message that comes back. Raises ``Refused`` where the stream ends."""
        try:
            ack = await self._call.read()
        except grpc.aio.AioRpcError as error:
            raise Refused(error.code(), error.details()) from None
        assert isinstance(ack, realtime_messaging_pb2.DeliverAck), "the stream ended without a status"
        self.reports += [(told.live_video_id, told.count) for told in ack.viewers]
        return ack

    async def reported(self, video: str, count: int) -> None:
        """Waits until the RMS has said that ``video`` has so many viewers there."""
        async with asyncio.timeout(10):
            while dict(self.reports).get(video) != count:
                await self.read()

    async def aclose(self) -> None:
        self._call.cancel()
        await self._channel.close(None)

    async def _requests(self) -> AsyncIterator[DeliverBatch]:
        while True:
            yield await self._batches.get()
