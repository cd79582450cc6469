"""What the dispatcher's and the publisher's tests are built of."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from coordination.membership import MembershipView, Role
from coordination.session import ZooKeeperSession
from dispatcher.server import DispatcherServer
from dispatcher.settings import DispatcherSettings
from livecomments.v1 import dispatcher_pb2, dispatcher_pb2_grpc, event_pb2
from ops.local_cluster.ports import free_port
from ops.local_cluster.process import ManagedProcess
from ops.local_cluster.zookeeper import ZooKeeperServer
from service_kit.grpc_client import open_channel
from tests.integration.dispatcher.recording_rms import RecordingRms
from tests.support.eventually import eventually

SESSION_TIMEOUT_S = 2.0


def event(video: str, event_id: int, previous_id: int = 0, *, data: bytes = b'{"content":"Goal"}') -> event_pb2.Event:
    return event_pb2.Event(
        live_video_id=video,
        event_id=event_id,
        kind=event_pb2.Event.KIND_COMMENT,
        origin="comment-service-1/boot",
        previous_id=previous_id,
        data=data,
    )


class Dispatch:
    """A data centre of its own in a real ZooKeeper; what is started in it ends with the test."""

    def __init__(self, zookeeper: ZooKeeperServer, dc: str, folder: Path) -> None:
        self.zookeeper = zookeeper
        self.dc = dc
        self._folder = folder
        self._stack = AsyncExitStack()

    async def aclose(self) -> None:
        await self._stack.aclose()

    async def session(self) -> ZooKeeperSession:
        session = ZooKeeperSession(self.zookeeper.hosts, dc=self.dc, session_timeout_s=SESSION_TIMEOUT_S)
        await session.start()
        self._stack.push_async_callback(session.aclose)
        return session

    async def rms(self, rms_id: str, *videos: str) -> RecordingRms:
        """A member that serves ``videos``."""
        rms = RecordingRms(rms_id, await self.session())
        await rms.start(*videos)
        self._stack.push_async_callback(rms.aclose)
        return rms

    async def view(self) -> MembershipView:
        """The dispatchers of the data centre."""
        view = MembershipView(await self.session(), Role.DISPATCHER)
        await view.start()
        self._stack.push_async_callback(view.aclose)
        return view

    async def dispatcher(self, node_id: str = "dispatcher-1", **settings: Any) -> DispatcherServer:
        """One in this process."""
        server = DispatcherServer(
            DispatcherSettings(
                zookeeper=self.zookeeper.hosts,
                dc=self.dc,
                zookeeper_session_timeout_s=SESSION_TIMEOUT_S,
                node_id=node_id,
                **{"grpc_port": free_port(), "admin_port": free_port(), **settings},
            )
        )
        self._stack.push_async_callback(server.aclose)
        await server.start()
        return server

    async def dispatcher_process(self, node_id: str, **env: str) -> ManagedProcess:
        """One in a process of its own, in the membership."""
        process = ManagedProcess(
            node_id,
            [sys.executable, "-m", "dispatcher"],
            log_file=self._folder / f"{node_id}.log",
            env={
                "LIVECOMMENTS_ZOOKEEPER": self.zookeeper.hosts,
                "LIVECOMMENTS_DC": self.dc,
                "LIVECOMMENTS_ZOOKEEPER_SESSION_TIMEOUT_S": str(SESSION_TIMEOUT_S),
                "LIVECOMMENTS_DISPATCHER_NODE_ID": node_id,
                "LIVECOMMENTS_DISPATCHER_GRPC_PORT": str(free_port()),
                "PYTHONPATH": ".:proto",
                **env,
            },
        )
        await process.start()
        self._stack.push_async_callback(process.kill9)
        view = await self.view()
        await process.wait_ready(lambda: node_id in view.nodes, deadline_s=20)
        return process


class PublishStream:
    """A Publish stream by hand."""

    def __init__(self, call: Any) -> None:
        self._call = call
        self._sequence = 0

    @property
    def ended(self) -> bool:
        return bool(self._call.done())

    async def send(self, *events: event_pb2.Event, heads: tuple[event_pb2.Head, ...] = ()) -> int:
        """Sends one batch and returns the sequence that was acknowledged for it. Raises ``AioRpcError``."""
        self._sequence += 1
        # A call that has ended says so by InvalidStateError, and its status when it is read.
        with contextlib.suppress(asyncio.InvalidStateError):
            await self._call.write(dispatcher_pb2.PublishBatch(sequence=self._sequence, events=events, heads=heads))
        ack = await self._call.read()
        assert isinstance(ack, dispatcher_pb2.PublishAck), "the stream ended"
        return ack.sequence


@asynccontextmanager
async def publishing(address: str) -> AsyncIterator[PublishStream]:
    async with open_channel(address) as channel:
        call = dispatcher_pb2_grpc.DispatcherStub(channel).Publish()  # type: ignore[call-arg]  # the stubs know one of its two ways
        yield PublishStream(call)
        call.cancel()


async def describe(address: str, video: str = "") -> dispatcher_pb2.DescribeRoutesResponse:
    async with open_channel(address) as channel:
        stub = dispatcher_pb2_grpc.DispatcherStub(channel)
        return await stub.DescribeRoutes(dispatcher_pb2.DescribeRoutesRequest(live_video_id=video))


async def routed(dispatcher: DispatcherServer, video: str, *rms_ids: str) -> None:
    """Waits until the dispatcher routes ``video`` to exactly these."""

    async def there() -> bool:
        answer = await describe(dispatcher.grpc_address, video)
        connected = {outbox.rms_id for outbox in answer.outboxes if outbox.connected}
        return {route.rms_id for route in answer.routes} == set(rms_ids) and set(rms_ids) <= connected

    _: bool = await eventually(there, what=f"{video} routed to {rms_ids}")
