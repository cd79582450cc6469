"""One HTTP/2 connection, prior knowledge, each of whose streams is a viewer: a proxy worker's."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable
from typing import Final, Protocol, cast

import structlog

from rms.links import h2_frames as frames
from rms.links.h2_body import H2Body
from rms.links.h2_connection import H2Connection, H2Limits
from rms.links.h2_frames import ErrorCode, LinkError
from rms.links.h2_headers import H2Request, head_block
from rms.links.h2_output import H2Output
from rms.links.h2_streams import H2Streams
from rms.links.h2_viewers import H2Viewer
from rms.reasons import CloseReason, LinkEnd

_TICK_S: Final = 1.0
_SERVE_S: Final = 0.002
"""How long viewers that wait for room are served before the loop has its turn."""
_TAKE_S: Final = 0.004
"""How long requests are taken before the loop has its turn."""
_END_SLICE: Final = 250
"""Viewers of a link that has ended that are told so before the loop has its turn."""
_LINGER_S: Final = 1.0
"""How long a closed connection may take to send what it was given."""
_CONTROL_BYTES: Final = 1024 * 1024
"""What answers to control frames may add to a full write buffer."""

_WANTED: Final = frozenset({LinkEnd.HUNG_UP, LinkEnd.DRAINED, LinkEnd.CLOSED})

_log = structlog.get_logger()

Headers = tuple[tuple[str, str], ...]


class LinkOwner(Protocol):
    """Whom a link reports to; ``H2Edge``."""

    def on_request(self, link: H2Link, request: H2Request) -> None:
        """A request came; to be answered by ``open_viewer`` or ``answer``."""

    def on_refused(self) -> None:
        """A request was refused because the link has as many streams as it may."""

    def on_reading_paused(self) -> None:
        """So many requests wait for their turn that no more are read for now."""

    def on_end(self, link: H2Link, reason: LinkEnd) -> None:
        """The link is over and its connection closed."""


class H2Link(asyncio.Protocol):
    """See ``rms/links``. Owns ``connection``, an accepted socket, from its construction on.

    It is ended, and none beside it, when the peer breaks the protocol or a bound of ``limits``, or when it takes
    nothing for too long. ``charge`` is told the seconds spent on viewers that waited for room (``Pump.charge``).
    """

    def __init__(
        self,
        connection: socket.socket,
        owner: LinkOwner,
        *,
        limits: H2Limits | None = None,
        greeting_timeout_s: float = 10.0,
        charge: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        self._socket = connection
        self._owner = owner
        self._limits = limits or H2Limits()
        self._greeting_timeout_s = greeting_timeout_s
        self._charge = charge
        self._out = H2Output()
        self._streams = H2Streams(
            self, self._out, max_buffered_bytes=self._limits.max_buffered_bytes, wake=self._serve_soon
        )
        self._connection = H2Connection(self._streams, self._out, self, limits=self._limits, clock=time.monotonic)
        self._transport: asyncio.Transport | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._serving: asyncio.Handle | None = None
        self._taking: asyncio.Handle | None = None
        self._ticking: asyncio.Handle | None = None
        self._opened_at = 0.0
        self._reading_paused = False
        self._busy_since: float | None = None
        self._relieved = 0
        self._goaway_ping = b""
        self._lost = asyncio.Event()
        self.ended: LinkEnd | None = None
        """Why it is over; None while it is not."""

    def __len__(self) -> int:
        """Open viewers."""
        return len(self._streams)

    @property
    def busy(self) -> bool:
        """It takes nothing now."""
        return self._streams.busy

    @property
    def buffered(self) -> int:
        """Bytes that were written and that the kernel has not taken yet."""
        return self._out.buffered

    @property
    def waiting(self) -> int:
        """Requests that have come and not had their turn."""
        return 0 if self.ended is not None else self._connection.waiting

    # -- life --------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begins to serve. Raises ``OSError`` where the connection is broken already. Idempotent."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._opened_at = self._loop.time()
            await self._loop.connect_accepted_socket(lambda: self, self._socket)

    def drain(self) -> None:
        """Has the peer open no more streams (GOAWAY); those that are open go on. Idempotent.

        What it had opened before it knew is told by a PING that follows the first GOAWAY: when that is back, the second
        one says which stream was the last.
        """
        if not self._goaway_ping and self.ended is None:
            self._goaway_ping = os.urandom(8)
            self._out.write(frames.goaway(frames.MAX_STREAM_ID, ErrorCode.NO_ERROR))
            self._out.write(frames.pack(frames.PING, 0, 0, self._goaway_ping))

    async def aclose(self) -> None:
        """Closes every viewer in order and without a word, then the connection. Idempotent."""
        for viewer in self._streams.viewers():
            viewer.close()
        if self._loop is None:
            self._socket.close()
            return
        self._end(LinkEnd.CLOSED, ErrorCode.NO_ERROR)
        await self._lost.wait()

    # -- answers -----------------------------------------------------------------------------------------------

    def open_viewer(self, request: H2Request, headers: Headers) -> H2Viewer:
        """Answers a request with 200 and a stream that goes on."""
        head = head_block(200, headers)
        self._out.write(frames.pack(frames.HEADERS, frames.END_HEADERS, request.stream_id, head))
        return self._streams[request.stream_id]

    def answer(self, request: H2Request, status: int, headers: Headers, body: bytes) -> None:
        """Answers a request with a whole response."""
        head, stream_id = head_block(status, headers), request.stream_id
        if not body:
            flags = frames.END_HEADERS | frames.END_STREAM
            self._out.write(frames.pack(frames.HEADERS, flags, stream_id, head))
            self._streams.forget(stream_id)
        else:
            self._out.write(frames.pack(frames.HEADERS, frames.END_HEADERS, stream_id, head))
            H2Body(self._streams[stream_id], body, timeout_s=self._limits.stalled_after_s).send()
        if request.goes_on and stream_id not in self._streams:
            # The answer is whole, and the rest of the request need not be sent (RFC 9113, 8.1).
            self._out.write(frames.rst_stream(stream_id, ErrorCode.NO_ERROR))

    # -- asyncio's calls ---------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        choke_bytes = self._limits.choke_bytes
        self._transport.set_write_buffer_limits(high=choke_bytes, low=choke_bytes // 4)
        self._out.attach(self._transport)
        self._connection.greet()
        self._tick()

    def data_received(self, data: bytes) -> None:
        if self.ended is not None:
            return
        try:
            self._connection.receive(data)
        except LinkError as error:
            self._end(error.reason, error.code, error.detail)
            return
        if self._connection.waiting and self._taking is None:
            self._out.flush()  # the answer to a PING is on its way before the first request has its turn
            self._take_requests()
        if self._connection.full:
            self._pause_reading()

    def pause_writing(self) -> None:
        self._streams.choke()

    def resume_writing(self) -> None:
        if self.ended is None:
            self._streams.unchoke()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(LinkEnd.HUNG_UP, None)
        self._lost.set()
        assert self.ended is not None
        self._owner.on_end(self, self.ended)

    # -- requests ----------------------------------------------------------------------------------------------

    def _take_requests(self) -> None:
        """Some, and then others have their turn: answers to PING, deliveries, other links."""
        self._taking = None
        began = time.monotonic()
        try:
            while self.ended is None and self._connection.serve() and time.monotonic() - began < _TAKE_S:
                pass
        except LinkError as error:
            self._end(error.reason, error.code, error.detail)
        if self.ended is not None or self._loop is None:
            return
        if self._connection.waiting:
            self._taking = self._loop.call_soon(self._take_requests)
        if self._reading_paused and not self._connection.full and self._transport is not None:
            self._reading_paused = False
            self._transport.resume_reading()

    def _pause_reading(self) -> None:
        if not self._reading_paused and self._transport is not None:
            self._reading_paused = True
            self._transport.pause_reading()
            self._owner.on_reading_paused()

    # -- what the receiving half reports -----------------------------------------------------------------------

    def on_request(self, request: H2Request) -> None:
        self._owner.on_request(self, request)

    def on_refused(self) -> None:
        self._owner.on_refused()

    def on_stream_end(self, viewer: H2Viewer, reason: CloseReason) -> None:
        if viewer.audience is not None:
            viewer.audience.detach(viewer, reason)

    def on_pong(self, opaque: bytes) -> None:
        if opaque == self._goaway_ping and self._connection.last_accepted is None:
            self._connection.last_accepted = self._connection.last_stream_id
            self._out.write(frames.goaway(self._connection.last_stream_id, ErrorCode.NO_ERROR))

    # -- timers ------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        assert self._loop is not None
        self._ticking = self._loop.call_later(_TICK_S, self._tick)
        try:
            self._connection.tick()
        except LinkError as error:
            self._end(error.reason, error.code, error.detail)
            return
        now = self._loop.time()
        if not self._connection.greeted and now - self._opened_at >= self._greeting_timeout_s:
            self._end(LinkEnd.NOT_HTTP2, ErrorCode.PROTOCOL_ERROR, "no SETTINGS came")
        elif self._out.buffered > self._limits.max_buffered_bytes + _CONTROL_BYTES:
            self._end(LinkEnd.WRITE_BUFFER, None)
        elif self._connection.last_accepted is not None and not len(self._streams):
            self._end(LinkEnd.DRAINED, ErrorCode.NO_ERROR)
        else:
            self._check_stalled(now)

    def _check_stalled(self, now: float) -> None:
        if not self._streams.busy or self._streams.relieved != self._relieved:
            self._relieved, self._busy_since = self._streams.relieved, None
        if self._streams.busy:
            self._busy_since = now if self._busy_since is None else self._busy_since
            if now - self._busy_since >= self._limits.stalled_after_s:
                self._end(LinkEnd.STALLED, ErrorCode.ENHANCE_YOUR_CALM, "nothing was taken for too long")

    def _serve_soon(self) -> None:
        if self._serving is None and self._loop is not None:
            self._serving = self._loop.call_soon(self._serve)

    def _serve(self) -> None:
        self._serving = None
        began = now = time.monotonic()
        more = self.ended is None
        while more and now - began < _SERVE_S:
            more = self._streams.serve()
            now = time.monotonic()
        self._charge(now - began)
        if more:
            self._serve_soon()

    # -- the end -----------------------------------------------------------------------------------------------

    def _end(self, reason: LinkEnd, code: ErrorCode | None, detail: str = "") -> None:
        """Ends the connection, by GOAWAY where there is a ``code`` and at once where there is none, and the viewers."""
        if self.ended is not None or self._loop is None:
            return
        self.ended = reason
        if self._ticking is not None:
            self._ticking.cancel()
        if code is not None:
            # What has not had its turn may be asked for again elsewhere.
            self._out.write(frames.goaway(self._connection.last_taken_id, code, detail))
        self._out.detach()
        self._streams.choke()
        if self._transport is not None:
            if code is None or not _half_close(self._transport):
                self._transport.abort()
            else:
                self._loop.call_later(_LINGER_S, self._transport.abort)
        log = _log.info if reason in _WANTED else _log.warning
        log("link_ended", reason=reason, detail=detail, viewers=len(self._streams))
        self._end_viewers(self._streams.viewers())

    def _end_viewers(self, viewers: list[H2Viewer]) -> None:
        """Some at a time: there may be tens of thousands, and other links' viewers wait."""
        assert self._loop is not None
        reason = CloseReason.HUNG_UP if self.ended is LinkEnd.HUNG_UP else CloseReason.LINK_ENDED
        for viewer in viewers[-_END_SLICE:]:
            if self._streams.forget(viewer.stream_id) is not None:
                self.on_stream_end(viewer, reason)
        del viewers[-_END_SLICE:]
        if viewers:
            self._loop.call_soon(self._end_viewers, viewers)


def _half_close(transport: asyncio.Transport) -> bool:
    """Says that nothing more comes: a full close with bytes yet to be read is a reset, which would overtake GOAWAY and
    what came before. False where the other side has reset the connection just now, and the loop does not know yet."""
    try:
        transport.write_eof()
    except OSError:
        return False
    return True
