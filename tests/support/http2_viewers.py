"""The HTTP/2 side of a test's RMS, by PyPI's ``h2``: another implementation than the RMS's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import Event, RequestReceived, StreamReset
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings

MAX_VIEWERS = 1_000_000
Headers = Mapping[str, str]


class Http2Viewer:
    """A viewer: a stream of an ``Http2Connection``."""

    def __init__(self, connection: Http2Connection, stream_id: int) -> None:
        self._connection = connection
        self._stream_id = stream_id
        self.unsent = b""

    def answer(self, status: int, headers: Headers, body: bytes) -> None:
        """A whole answer."""
        self._connection.answer(self._stream_id, status, headers, end=not body)
        if body:
            self._connection.h2.send_data(self._stream_id, body, end_stream=True)
        self._connection.flush()

    def begin(self, headers: Headers) -> None:
        """An answer whose body goes on."""
        self._connection.answer(self._stream_id, 200, headers)

    def send(self, data: bytes) -> None:
        """Sends as much as the windows allow, and the rest when they do."""
        self.unsent += data
        h2 = self._connection.h2
        while self.unsent:
            room = min(h2.local_flow_control_window(self._stream_id), h2.max_outbound_frame_size)
            if room <= 0:
                break
            h2.send_data(self._stream_id, self.unsent[:room])
            self.unsent = self.unsent[room:]
        self._connection.flush()

    def leave(self) -> None:
        """Ends the stream."""
        self._connection.streams.pop(self._stream_id, None)
        try:
            self._connection.h2.end_stream(self._stream_id)
        except ProtocolError:  # the connection or the stream has ended
            return
        self._connection.flush()


class Http2Connection(asyncio.Protocol):
    """One connection of Envoy's.

    ``on_request(viewer, target, headers)`` and ``on_gone(viewer)`` are called on the loop.
    """

    def __init__(
        self,
        on_request: Callable[[Http2Viewer, str, dict[str, str]], None],
        on_gone: Callable[[Http2Viewer], None],
    ) -> None:
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self.streams: dict[int, Http2Viewer] = {}
        self._on_request = on_request
        self._on_gone = on_gone
        self._transport: asyncio.Transport | None = None

    def answer(self, stream_id: int, status: int, headers: Headers, *, end: bool = False) -> None:
        fields = [(":status", str(status)), *((name.lower(), value) for name, value in headers.items())]
        self.h2.send_headers(stream_id, fields, end_stream=end)
        self.flush()

    def go_away(self) -> None:
        """Asks for no more streams on this connection; those it has go on."""
        # By hand: for ``h2`` a GOAWAY is the end of the connection.
        last = max(self.streams, default=0)
        frame = b"\x00\x00\x08\x07\x00\x00\x00\x00\x00" + last.to_bytes(4, "big") + bytes(4)
        if self._transport is not None:
            self._transport.write(frame)

    def abort(self) -> None:
        """Resets the connection."""
        if self._transport is not None:
            self._transport.abort()

    def flush(self) -> None:
        data = self.h2.data_to_send()
        if data and self._transport is not None:
            self._transport.write(data)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.h2.local_settings = Settings(
            client=False, initial_values={SettingCodes.MAX_CONCURRENT_STREAMS: MAX_VIEWERS}
        )
        self.h2.initiate_connection()
        self.flush()

    def data_received(self, data: bytes) -> None:
        for event in self.h2.receive_data(data):
            self._take(event)
        # After all events: one may have opened a window of a stream that the next one resets.
        for viewer in [viewer for viewer in self.streams.values() if viewer.unsent]:
            viewer.send(b"")
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        while self.streams:
            self._on_gone(self.streams.popitem()[1])

    def _take(self, event: Event) -> None:
        if isinstance(event, RequestReceived):
            viewer = self.streams[event.stream_id] = Http2Viewer(self, event.stream_id)
            headers = {str(name): str(value) for name, value in event.headers}
            self._on_request(viewer, headers.pop(":path"), headers)
        elif isinstance(event, StreamReset) and event.stream_id in self.streams:
            self._on_gone(self.streams.pop(event.stream_id))
