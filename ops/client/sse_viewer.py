"""One viewer: one connection to a video's live stream."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from urllib.parse import quote, urlencode

from ops.client.endpoint import Endpoint
from ops.client.errors import ApiError, ClientError, UnreachableError, reason_of
from ops.client.http1 import ResponseHead, ResponseParser
from ops.client.problem import problem_detail, retry_after_s
from ops.client.sse import SseEvent, SseParser

MAX_ERROR_BODY_BYTES = 64 * 1024


class SseViewer:
    """Holds one stream and hands each event to ``on_event`` as it arrives.

    It is a bare asyncio protocol, so that one process can hold many hundreds; about 10 µs an event, parsing included.

    Args:
        url: the origin, e.g. ``http://127.0.0.1:8080``.
        video: the ``liveVideoId``.
        on_event: called on the loop; must not block.
        on_closed: called once when the connection is gone, with what broke it, or None after a clean end.
        last_event_id: resume after this id (sent as a header).
        query: further parameters, e.g. ``{"backlog": "0"}``.
        headers: further headers, e.g. ``Authorization``.
    """

    def __init__(
        self,
        url: str,
        video: str,
        on_event: Callable[[SseEvent], None],
        *,
        on_closed: Callable[[ClientError | None], None] = lambda error: None,
        last_event_id: str = "",
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        endpoint: Endpoint | None = None,
    ) -> None:
        self._endpoint = endpoint or Endpoint.parse(url)
        self._request = stream_request(self._endpoint, video, last_event_id, query or {}, headers or {})
        self._sse = SseParser(last_event_id=last_event_id)
        self._on_event = on_event
        self._on_closed = on_closed
        self._wire: _Wire | None = None

    @property
    def last_event_id(self) -> str:
        """The last comment's id, or what was given, or empty."""
        return self._sse.last_event_id

    @property
    def retry_ms(self) -> int | None:
        """What the server asks a client to wait before it comes back; None where it said nothing."""
        return self._sse.retry_ms

    @property
    def head(self) -> ResponseHead | None:
        return self._wire.response.head if self._wire else None

    @property
    def connected(self) -> bool:
        return self._wire is not None and not self._wire.ended.done()

    @property
    def quiet_s(self) -> float:
        """Seconds since the last byte, heartbeats included; 0 before the connection."""
        return time.monotonic() - self._wire.heard_at if self._wire else 0.0

    async def connect(self, *, timeout_s: float = 10.0) -> None:
        """Connects, asks, and waits for the answer's headers.

        Raises ``UnreachableError`` where there is no answer within ``timeout_s``, ``ApiError`` for an error status.
        """
        loop = asyncio.get_running_loop()
        wire = _Wire(self._sse, self._on_event, self._on_closed)
        where = self._endpoint.authority
        try:
            async with asyncio.timeout(timeout_s):
                await loop.create_connection(
                    lambda: wire, self._endpoint.host, self._endpoint.port, ssl=self._endpoint.tls
                )
                self._wire = wire
                wire.write(self._request)
                await asyncio.wait({wire.answered, wire.ended}, return_when=asyncio.FIRST_COMPLETED)
                await self._check(wire)
        except BaseException as error:
            wire.abort()
            if isinstance(error, TimeoutError):
                raise UnreachableError(f"no answer from {where} within {timeout_s:g} s") from None
            if isinstance(error, OSError):
                raise UnreachableError(f"cannot connect to {where}: {reason_of(error)}") from None
            raise

    def pause(self) -> None:
        """Stops reading; the kernel's buffers fill up and then the server's."""
        if self._wire is not None and self._wire.transport is not None:
            self._wire.transport.pause_reading()

    def resume(self) -> None:
        if self._wire is not None and self._wire.transport is not None:
            self._wire.transport.resume_reading()

    async def aclose(self) -> None:
        """Drops the connection. Idempotent."""
        if self._wire is not None:
            self._wire.abort()
            await asyncio.wait({self._wire.ended})

    async def _check(self, wire: _Wire) -> None:
        head = wire.response.head
        if head is None:
            await wire.ended  # raises what ended it
            raise UnreachableError(f"{self._endpoint.authority} closed the connection without an answer")
        if head.status == 200 and head.headers.get("content-type", "").startswith("text/event-stream"):
            return
        await asyncio.wait({wire.ended, wire.complete}, return_when=asyncio.FIRST_COMPLETED)
        wire.abort()
        detail = problem_detail(head, bytes(wire.error_body))
        raise ApiError(head.status, detail, retry_after_s=retry_after_s(head))


def stream_request(
    endpoint: Endpoint, video: str, last_event_id: str, query: Mapping[str, str], headers: Mapping[str, str]
) -> bytes:
    """The bytes of a stream's request."""
    path = f"/comments/{quote(video, safe='')}/stream"
    if query:
        path += "?" + urlencode(query)
    lines = [f"GET {path} HTTP/1.1", f"Host: {endpoint.authority}", "Accept: text/event-stream"]
    if last_event_id:
        lines.append(f"Last-Event-ID: {last_event_id}")
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class _Wire(asyncio.Protocol):
    """The connection of one stream."""

    def __init__(
        self,
        sse: SseParser,
        on_event: Callable[[SseEvent], None],
        on_closed: Callable[[ClientError | None], None],
    ) -> None:
        loop = asyncio.get_running_loop()
        self.response = ResponseParser()
        self.transport: asyncio.Transport | None = None
        self.answered: asyncio.Future[None] = loop.create_future()
        self.complete: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[None] = loop.create_future()
        self.error_body = bytearray()
        self.heard_at = time.monotonic()
        self._sse = sse
        self._on_event = on_event
        self._on_closed = on_closed
        self._failure: ClientError | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.heard_at = time.monotonic()
        try:
            self._take(data)
        except ClientError as error:
            self._failure = error
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.ended.done():
            return
        failure = self._failure
        if failure is None and exc is not None:
            failure = UnreachableError(f"the connection broke: {exc}")
        if failure is None:
            self.ended.set_result(None)
        else:
            self.ended.set_exception(failure)
            self.ended.exception()  # whoever does not wait for the end need not hear of it
        self._on_closed(failure)

    def write(self, request: bytes) -> None:
        if self.transport is not None:
            self.transport.write(request)

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def _take(self, data: bytes) -> None:
        body = self.response.feed(data)
        head = self.response.head
        if head is None:
            return
        if not self.answered.done():
            self.answered.set_result(None)
        if head.status != 200:
            self.error_body += body[: MAX_ERROR_BODY_BYTES - len(self.error_body)]
        else:
            for event in self._sse.feed(body):
                self._on_event(event)
        if self.response.done and not self.complete.done():
            self.complete.set_result(None)
            if self.transport is not None:
                self.transport.close()
