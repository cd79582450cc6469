"""An HTTP/2 client on PyPI's ``h2``: another's idea of the protocol, and all that came as it came."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import h2.config
import h2.connection
import h2.events
from h2.settings import SettingCodes

from rms.links.h2_frames import GOAWAY, PREFACE, Frame, FrameReader
from tests.support.eventually import eventually

REQUEST = [(":method", "GET"), (":scheme", "http"), (":authority", "x"), (":path", "/comments/v/stream")]


class H2Peer:
    """The far end of one stream."""

    def __init__(self, client: H2Client, stream_id: int) -> None:
        self.stream_id = stream_id
        self.status = 0
        self.headers: dict[str, str] = {}
        self.received = b""
        self.ended = False
        self.reset_by: int | None = None
        self._client = client
        self._taken = 0

    async def read(self, count: int) -> bytes:
        await self._until(lambda: len(self.received) - self._taken >= count, count)
        self._taken += count
        return self.received[self._taken - count : self._taken]

    async def read_to_end(self) -> bytes:
        await self._until(lambda: self.ended, 0)
        rest, self._taken = self.received[self._taken :], len(self.received)
        return rest

    def hang_up(self) -> None:
        self._client.reset(self.stream_id)

    def reset(self) -> None:
        self._client.reset(self.stream_id, error_code=2)

    async def _until(self, condition: Callable[[], bool], count: int) -> None:
        def done() -> bool:
            self._client.give_window_back(self.stream_id)
            return condition()

        await eventually(done, what=f"{count} bytes of stream {self.stream_id}; {len(self.received)} are here")


class H2Client(asyncio.Protocol):
    """A client that reads all, and gives a stream's window back only where its peer reads."""

    def __init__(self, *, connection_window: int = 2**30) -> None:
        self.connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        self.peers: dict[int, H2Peer] = {}
        self.frames: list[Frame] = []
        """All that came, as it came."""
        self.pongs: list[bytes] = []
        self.closed = False
        self._connection_window = connection_window
        self._unacknowledged: dict[int, int] = {}
        self._transport: asyncio.Transport | None = None
        self._reader = FrameReader()
        list(self._reader.feed(PREFACE))
        self._by_hand = False

    @property
    def goaways(self) -> list[tuple[int, int]]:
        """The last stream and the error code of each GOAWAY."""
        return [
            (int.from_bytes(payload[:4], "big"), int.from_bytes(payload[4:8], "big"))
            for kind, _, _, payload in self.frames
            if kind == GOAWAY
        ]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.connection.initiate_connection()
        if self._connection_window > 65_535:
            self.connection.increment_flow_control_window(self._connection_window - 65_535)
        self.flush()

    def data_received(self, data: bytes) -> None:
        self.frames += self._reader.feed(data)
        if not self._by_hand:
            self._receive(data)

    def _receive(self, data: bytes) -> None:
        for event in self.connection.receive_data(data):
            if isinstance(event, h2.events.DataReceived):
                assert event.stream_id is not None
                self.peers[event.stream_id].received += event.data or b""
                held = self._unacknowledged.get(event.stream_id, 0)
                self._unacknowledged[event.stream_id] = held + (event.flow_controlled_length or 0)
            elif isinstance(event, h2.events.ResponseReceived):
                assert event.stream_id is not None
                fields = {_text(name): _text(value) for name, value in event.headers or []}
                self.peers[event.stream_id].status = int(fields.pop(":status"))
                self.peers[event.stream_id].headers = fields
            elif isinstance(event, h2.events.StreamEnded):
                assert event.stream_id is not None
                self.peers[event.stream_id].ended = True
            elif isinstance(event, h2.events.StreamReset):
                assert event.stream_id is not None
                self.peers[event.stream_id].reset_by = int(event.error_code or 0)
            elif isinstance(event, h2.events.PingAckReceived):
                self.pongs.append(event.ping_data or b"")
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        for peer in self.peers.values():
            peer.ended = True

    def request(self, headers: list[tuple[str, str]] | None = None, *, end_stream: bool = True) -> H2Peer:
        stream_id = self.connection.get_next_available_stream_id()
        peer = self.peers[stream_id] = H2Peer(self, stream_id)
        self.connection.send_headers(stream_id, headers or REQUEST, end_stream=end_stream)
        self.flush()
        return peer

    def reset(self, stream_id: int, error_code: int = 8) -> None:
        self.connection.reset_stream(stream_id, error_code)
        self.flush()

    def give_window_back(self, stream_id: int) -> None:
        count = self._unacknowledged.pop(stream_id, 0)
        if count and not self.closed:
            self.connection.acknowledge_received_data(count, stream_id)
            self.flush()

    def set_initial_window(self, size: int) -> None:
        self.connection.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: size})
        self.flush()

    def send(self, data: bytes) -> None:
        """Bytes behind the library's back, which from then on is told nothing more."""
        assert self._transport is not None
        self._by_hand = True
        self._transport.write(data)

    def pause(self) -> None:
        """Reads nothing more from the connection."""
        assert self._transport is not None
        self._transport.pause_reading()

    def resume(self) -> None:
        assert self._transport is not None
        self._transport.resume_reading()

    def flush(self) -> None:
        data = self.connection.data_to_send()
        if data and self._transport is not None:
            self._transport.write(data)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode()
