"""An RMS that remembers what it was sent: a real gRPC server, member and routes in a real ZooKeeper."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping
from typing import Any

import grpc

from coordination.membership import Membership, NodeRecord, Role
from coordination.routes import RouteRegistrar
from coordination.session import ZooKeeperSession
from livecomments.v1 import event_pb2, realtime_messaging_pb2, realtime_messaging_pb2_grpc
from ops.local_cluster.ports import free_port
from service_kit.grpc_server import GrpcServer, GrpcService


class RecordingRms(realtime_messaging_pb2_grpc.RealtimeMessagingServicer):
    """Takes every event but those of ``refused``; says that it does not serve the videos of ``not_served``."""

    def __init__(self, rms_id: str, session: ZooKeeperSession) -> None:
        self.rms_id = rms_id
        self.boot_id = uuid.uuid4().hex
        self.events: list[event_pb2.Event] = []
        self.heads: list[event_pb2.Head] = []
        self.not_served: set[str] = set()
        self.refused: set[int] = set()
        self.streams = 0
        self.streams_opened = 0
        self.totals: list[tuple[str, int]] = []
        """Numbers of viewers, as they were told."""
        self._viewers: dict[str, int] = {}
        self._writing = asyncio.Lock()
        self._calls: set[grpc.aio.ServicerContext[Any, Any]] = set()
        self._answers = asyncio.Event()
        self._answers.set()
        self._server = GrpcServer(
            "127.0.0.1",
            free_port(),
            services=[
                GrpcService(
                    "livecomments.v1.RealtimeMessaging",
                    lambda server: realtime_messaging_pb2_grpc.add_RealtimeMessagingServicer_to_server(self, server),
                )
            ],
        )
        self._session = session
        self._registrar = RouteRegistrar(session, rms_id, self.boot_id)
        self._membership: Membership | None = None

    @property
    def ids(self) -> list[int]:
        """Of the events, as they came, repeats included."""
        return [event.event_id for event in self.events]

    def ids_of(self, video: str) -> list[int]:
        """Of one video's events in the order of their first coming."""
        return list(dict.fromkeys(event.event_id for event in self.events if event.live_video_id == video))

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.port}"

    async def listen(self) -> None:
        """Begins to answer, without anybody knowing."""
        await self._server.start()

    async def join(self) -> None:
        """Becomes a member."""
        record = NodeRecord(self.rms_id, self.boot_id, grpc=self.address)
        self._membership = Membership(self._session, Role.RMS, record)
        await self._membership.start()
        await self._registrar.start()

    async def start(self, *videos: str) -> None:
        """A member that serves ``videos``."""
        await self.listen()
        await self.join()
        await self.serve(*videos)

    async def serve(self, *videos: str) -> None:
        for video in videos:
            self._registrar.announce(video)
        await self._registrar.idle()

    async def withdraw(self, video: str) -> None:
        self._registrar.withdraw(video)
        await self._registrar.idle()

    async def report(self, **viewers: int) -> None:
        """From now on it has so many viewers of each video, and says so, also on streams yet to come."""
        self._viewers |= viewers
        for call in list(self._calls):
            await self._write(call, _report(viewers))

    def hang(self) -> None:
        """From now on takes nothing and acknowledges nothing."""
        self._answers.clear()

    def go_on(self) -> None:
        self._answers.set()

    async def leave(self) -> None:
        """Is no longer a member, but answers."""
        await self._registrar.aclose()
        if self._membership is not None:
            await self._membership.aclose()

    async def stop_listening(self) -> None:
        await self._server.aclose()

    async def aclose(self) -> None:
        self.go_on()
        await self.leave()
        await self.stop_listening()

    async def _write(self, call: grpc.aio.ServicerContext[Any, Any], ack: realtime_messaging_pb2.DeliverAck) -> None:
        async with self._writing:
            await call.write(ack)

    async def Deliver(  # type: ignore[override]  # of two ways to write it the stub knows one
        self,
        request_iterator: AsyncIterator[realtime_messaging_pb2.DeliverBatch],
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> None:
        self.streams += 1
        self.streams_opened += 1
        self._calls.add(context)
        try:
            if self._viewers:
                await self._write(context, _report(self._viewers))
            async for batch in request_iterator:
                await self._answers.wait()
                if self.refused & {event.event_id for event in batch.events}:
                    await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "events[0].data: refused")
                self.events.extend(batch.events)
                self.heads.extend(batch.heads)
                self.totals.extend((total.live_video_id, total.count) for total in batch.viewers)
                videos = {event.live_video_id for event in batch.events}
                misrouted = sorted(videos & self.not_served)
                await self._write(
                    context, realtime_messaging_pb2.DeliverAck(sequence=batch.sequence, misrouted_videos=misrouted)
                )
        finally:
            self._calls.discard(context)
            self.streams -= 1


def _report(viewers: Mapping[str, int]) -> realtime_messaging_pb2.DeliverAck:
    counts = [realtime_messaging_pb2.ViewerCount(live_video_id=video, count=count) for video, count in viewers.items()]
    return realtime_messaging_pb2.DeliverAck(viewers=counts)
