"""The comment services, asked one after another until one answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import grpc
import structlog

from livecomments.v1 import comment_service_pb2 as pb
from livecomments.v1 import comment_service_pb2_grpc as pb_grpc
from rms.reasons import HistoryReason
from service_kit.auth.service_token import ServiceToken
from service_kit.grpc_client import OpenChannel, open_channel

if TYPE_CHECKING:
    from coordination.membership import MembershipView, NodeRecord
    from rms.metrics import ServiceMetrics

# A node that failed is asked last for this long: while it hangs, each call to it would take the whole timeout.
SHUN_S = 2.0

_log = structlog.get_logger()
Answer = TypeVar("Answer")
Stub = Any  # the stub's type differs between the two kinds of channel
Call = Callable[[Stub, dict[str, Any]], Awaitable[Answer]]


class HistoryUnavailableError(Exception):
    """No comment service gave the page. ``reason`` says why, for the log and the metric."""

    def __init__(self, reason: HistoryReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


class CommentServices:
    """Those that ``view``, a started ``MembershipView``, has.

    Each is given ``timeout_s``, at most ``attempts`` of them are asked, and who failed a moment ago is asked last.
    ``token``: what each call brings, where this node has any.
    """

    def __init__(
        self,
        view: MembershipView,
        metrics: ServiceMetrics,
        *,
        timeout_s: float = 1.0,
        attempts: int = 3,
        token: ServiceToken | None = None,
        open_channel: OpenChannel = open_channel,
    ) -> None:
        self._view = view
        self._metrics = metrics
        self._timeout_s = timeout_s
        self._attempts = attempts
        self._token = token
        self._told_refused = False
        self._open_channel = open_channel
        self._first = 0
        self._channels: dict[str, grpc.aio.Channel] = {}
        self._shunned: dict[str, float] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._unsubscribe = view.on_change(self._close_gone)

    async def ask(self, call: Call[Answer]) -> Answer:
        """What the first that answers says. Raises ``HistoryUnavailableError``."""
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

    async def aclose(self) -> None:
        """Closes the channels to all nodes."""
        self._unsubscribe()
        channels, self._channels = self._channels, {}
        await asyncio.gather(*self._closing, *(channel.close(None) for channel in channels.values()))

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


def list_comments(request: pb.ListCommentsRequest) -> Call[pb.ListCommentsResponse]:
    """Asks for a page of comments."""
    return lambda stub, options: stub.ListComments(request, **options)


def list_changes(request: pb.ListChangesRequest) -> Call[pb.ListChangesResponse]:
    """Asks for edits, deletions and the end."""
    return lambda stub, options: stub.ListChanges(request, **options)
