"""A stream of numbered batches that are acknowledged in order, and opened again whenever it breaks."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable, Sequence, Sized
from enum import StrEnum
from typing import Any, Protocol

import grpc
import structlog

from service_kit.grpc_client import OpenChannel, open_channel
from service_kit.tasks import end_tasks

# A wait after a failure: at first, and at most. The true wait is between half of it and all of it.
BACKOFF_FIRST_S = 0.05
BACKOFF_MAX_S = 1.0
# A message costs each end 100 to 300 µs of CPU, an event in it 2 to 10 µs (measured with grpcio 1.85): so a busy stream
# sends no more than 500 messages a second, unless they carry enough for their own cost not to matter.
GATHER_S = 0.002
ENOUGH = 100

_log = structlog.get_logger()


class StreamEnd(StrEnum):
    """Why a stream ended."""

    UNREACHABLE = "unreachable"  # no connection
    BROKEN = "broken"  # the connection or the receiver went
    ENDED = "ended"  # the receiver ended it
    SILENT = "silent"  # a batch was not acknowledged in time: the receiver hangs
    REJECTED = "rejected"  # the receiver refused the first unacknowledged batch
    CLOSED = "closed"  # this side ended it


class Batch(Protocol):
    """What all batches have."""

    sequence: int

    @property
    def events(self) -> Sized: ...


class StreamOwner(Protocol):
    """Has what an ``AckedStream`` sends. Its methods are called on the loop and must not block."""

    def opened(self) -> None:
        """A stream stands; its batches are numbered from 1."""

    def next_batch(self, sequence: int) -> Batch | None:
        """Everything that waits, as one bounded batch with that ``sequence``; None where nothing does."""

    def acknowledged(self, ack: Any) -> None:
        """All batches up to ``ack.sequence`` are taken."""

    def ended(self, reason: StreamEnd) -> None:
        """The stream is no more, or could not be opened: what it had not acknowledged is the owner's again."""


class AckedStream:
    """Keeps one stream of ``method`` open to one of ``addresses``, and goes to the next when it breaks.

    Batches form by themselves: what comes to an idle stream goes at once; what comes within ``GATHER_S`` after a batch,
    or while ``window`` of them are unacknowledged, goes together. A receiver that acknowledges nothing for
    ``ack_timeout_s`` hangs, and its stream is ended.
    """

    def __init__(
        self,
        owner: StreamOwner,
        addresses: Sequence[str],
        method: Callable[[grpc.aio.Channel], Any],
        *,
        window: int = 4,
        connect_timeout_s: float = 2.0,
        ack_timeout_s: float = 2.0,
        open_channel: OpenChannel = open_channel,
    ) -> None:
        self._owner = owner
        self._addresses = addresses
        self._method = method
        self._window = window
        self._connect_timeout_s = connect_timeout_s
        self._ack_timeout_s = ack_timeout_s
        self._open_channel = open_channel
        self._wake = asyncio.Event()
        self._sent = 0
        self._acked = 0
        # When the receiver last moved on, or had nothing to acknowledge; loop time.
        self._progress_at = 0.0
        self._task: asyncio.Task[None] | None = None
        self.address: str | None = None

    def start(self) -> None:
        """Begins to connect."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._keep_open())

    def wake(self) -> None:
        """Something waits to be sent."""
        self._wake.set()

    async def aclose(self) -> None:
        """Ends the stream at once."""
        task, self._task = self._task, None
        await end_tasks(task)

    async def _keep_open(self) -> None:
        failures = 0
        for address in itertools.cycle(self._addresses):
            self.address = address
            self._sent = self._acked = 0
            reason = StreamEnd.CLOSED
            try:
                reason = await self._one_stream(address)
            except Exception:
                # A defect must not end the delivery to this receiver for good.
                _log.exception("stream_failed", address=address)
                reason = StreamEnd.BROKEN
            finally:
                self._owner.ended(reason)
            failures = 1 if self._acked else failures + 1
            await asyncio.sleep(_backoff_s(failures))

    async def _one_stream(self, address: str) -> StreamEnd:
        async with self._open_channel(address) as channel:
            call = self._method(channel)()
            try:
                async with asyncio.timeout(self._connect_timeout_s):
                    await call.wait_for_connection()
            except (TimeoutError, grpc.aio.AioRpcError):
                return StreamEnd.UNREACHABLE
            except asyncio.CancelledError:
                if _is_cancelled():
                    raise
                return StreamEnd.UNREACHABLE
            self._owner.opened()
            return await self._pump(call)

    async def _pump(self, call: Any) -> StreamEnd:
        loop = asyncio.get_running_loop()
        self._progress_at = loop.time()
        send = loop.create_task(self._send(call))
        receive = loop.create_task(self._receive(call))
        watch = loop.create_task(self._watch())
        try:
            done, _ = await asyncio.wait((send, receive, watch), return_when=asyncio.FIRST_COMPLETED)
            if watch in done:
                return StreamEnd.SILENT
            if send in done and not send.cancelled():
                send.result()
            # A stream that cannot be written to has ended, and its reading side knows why.
            return await receive
        finally:
            call.cancel()
            await end_tasks(send, receive, watch)

    async def _send(self, call: Any) -> None:
        owner, wake, loop = self._owner, self._wake, asyncio.get_running_loop()
        while True:
            batch = owner.next_batch(self._sent + 1) if self._sent - self._acked < self._window else None
            if batch is None:
                wake.clear()
                await wake.wait()
                continue
            if self._sent == self._acked:
                self._progress_at = loop.time()
            self._sent += 1
            try:
                await call.write(batch)
            except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
                return
            if len(batch.events) < ENOUGH:
                await asyncio.sleep(GATHER_S)

    async def _receive(self, call: Any) -> StreamEnd:
        loop = asyncio.get_running_loop()
        try:
            async for ack in call:
                if ack.sequence > self._acked:  # a receiver may say other things without taking any batch
                    self._acked = min(ack.sequence, self._sent)
                    self._progress_at = loop.time()
                self._owner.acknowledged(ack)
                self._wake.set()
        except grpc.aio.AioRpcError as error:
            rejected = error.code() is grpc.StatusCode.INVALID_ARGUMENT
            return StreamEnd.REJECTED if rejected else StreamEnd.BROKEN
        except asyncio.CancelledError:
            if _is_cancelled():
                raise
            return StreamEnd.BROKEN
        return StreamEnd.ENDED

    async def _watch(self) -> None:
        """Returns once the receiver hangs."""
        loop = asyncio.get_running_loop()
        while self._sent == self._acked or loop.time() - self._progress_at <= self._ack_timeout_s:  # noqa: ASYNC110
            await asyncio.sleep(self._ack_timeout_s / 4)


def _is_cancelled() -> bool:
    """Whether this task is; grpc raises ``CancelledError`` too where the receiver ended the call with CANCELLED."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _backoff_s(failures: int) -> float:
    longest = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2.0 ** min(failures - 1, 10))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 (spreads reconnects; no secret)
