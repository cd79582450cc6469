"""The receiving half of one HTTP/2 connection: what the peer's frames mean, and what is too much of them. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from rms.links import h2_frames as frames
from rms.links.h2_allowance import H2Allowance
from rms.links.h2_frames import ErrorCode, FrameReader, LinkError, Setting, StreamError
from rms.links.h2_headers import Fields, H2Request, HeaderDecoder, read_request
from rms.links.h2_streams import H2Streams, Output
from rms.links.h2_uploads import H2Uploads
from rms.links.h2_viewers import H2Viewer
from rms.links.h2_waiting import H2Waiting
from rms.reasons import CloseReason, LinkEnd

_STREAMS_A_TOKEN: Final = 20
"""Windows that are moved for the price of one control frame."""


@dataclass(frozen=True, slots=True)
class H2Limits:
    """Bounds of one link. The defaults are the settings' defaults."""

    max_streams: int = 100_000
    """Viewers at once; advertised, and what comes beyond is refused."""
    max_header_list_bytes: int = 256 * 1024
    """A request's header fields, as HPACK counts them (32 bytes a field beside the text). Above what the proxy lets
    through, so that no viewer can end the link that others watch by; a request over 16 KiB is answered 431."""
    control_frames_per_s: float = 1_000.0
    """Frames that carry no request and that nothing sent gives reason for."""
    early_resets_per_s: float = 5_000.0
    """Streams that are reset within a second of their request, or that must be refused or reset here."""
    max_waiting_bytes: int = 32 * 1024 * 1024
    """Requests that have come and wait to be taken; above it nothing more is read from the peer."""
    max_buffered_bytes: int = 16 * 1024 * 1024
    """Bytes written that the kernel has not taken yet."""
    choke_bytes: int = 256 * 1024
    """Bytes of those above which nothing more is sent until most of them have gone."""
    stalled_after_s: float = 10.0
    """How long a link may be busy without being relieved."""


class H2Events(Protocol):
    """What the receiving half reports."""

    def on_request(self, request: H2Request) -> None:
        """A well-formed request, to be answered on its stream, which is open."""

    def on_refused(self) -> None:
        """A request was refused for want of streams."""

    def on_stream_end(self, viewer: H2Viewer, reason: CloseReason) -> None:
        """A stream has ended from outside; it is forgotten already."""

    def on_pong(self, opaque: bytes) -> None:
        """A PING of ours came back."""


class H2Connection:
    """Reads the peer's frames, answers SETTINGS and PING, and keeps ``streams`` up to date.

    A request opens its stream as it comes, and what its header block says is looked at by ``serve``, in its turn: a
    thousand of them take a tenth of a second, for which neither a PING behind them must wait nor what changes a stream.
    One that is reset meanwhile never becomes a request.

    The peer may send WINDOW_UPDATE and RST_STREAM as often as what it was sent gives reason to; all else that is no
    request comes out of a budget a second. ``clock`` gives monotonic seconds.
    """

    def __init__(
        self, streams: H2Streams, out: Output, events: H2Events, *, limits: H2Limits, clock: Callable[[], float]
    ) -> None:
        self.last_stream_id = 0
        """The newest stream that the peer has opened."""
        self.last_taken_id = 0
        """The newest whose request has had its turn."""
        self.last_accepted: int | None = None
        """Set by GOAWAY: streams above are refused."""
        self._streams = streams
        self._out = out
        self._events = events
        self._limits = limits
        self._reader = FrameReader()
        self._decoder = HeaderDecoder(limits.max_header_list_bytes)
        self._allowance = H2Allowance(
            streams,
            control_frames_per_s=limits.control_frames_per_s,
            early_resets_per_s=limits.early_resets_per_s,
            clock=clock,
        )
        self._settings_read = False
        self._block: tuple[int, bool, bytearray] | None = None  # stream, END_STREAM, the header block so far
        self._waiting = H2Waiting(limits.max_waiting_bytes)
        self._uploads = H2Uploads(events.on_request)
        self._handlers: dict[int, Callable[[int, int, bytes], None]] = {
            frames.DATA: self._on_data,
            frames.HEADERS: self._on_headers,
            frames.PRIORITY: self._on_priority,
            frames.RST_STREAM: self._on_rst_stream,
            frames.SETTINGS: self._on_settings,
            frames.PUSH_PROMISE: self._on_push_promise,
            frames.PING: self._on_ping,
            frames.GOAWAY: self._on_goaway,
            frames.WINDOW_UPDATE: self._on_window_update,
            frames.CONTINUATION: self._on_continuation,
        }

    @property
    def greeted(self) -> bool:
        """The peer's preface and SETTINGS have come."""
        return self._settings_read

    @property
    def waiting(self) -> int:
        """Requests, or pieces of them, that wait for ``serve``."""
        return len(self._waiting)

    @property
    def full(self) -> bool:
        """So much waits that no more should be read; until most of it has been served."""
        return self._waiting.full

    def greet(self) -> None:
        """Sends our SETTINGS."""
        limits = self._limits
        ours = (
            (Setting.MAX_CONCURRENT_STREAMS, limits.max_streams),
            (Setting.MAX_HEADER_LIST_SIZE, limits.max_header_list_bytes),
        )
        self._out.write(frames.settings(ours))

    def tick(self) -> None:
        """A second has passed. Raises ``LinkError`` where it was one too many."""
        self._allowance.tick(self.last_stream_id)
        for stream_id in self._uploads.tick():
            self._reset(StreamError(stream_id, ErrorCode.CANCEL, "the request does not end"))

    def receive(self, data: bytes) -> None:
        """Takes in what has come. Raises ``LinkError`` where that ends the connection."""
        for kind, flags, stream_id, payload in self._reader.feed(data):
            try:
                self._on_frame(kind, flags, stream_id, payload)
            except StreamError as error:
                self._reset(error)

    def serve(self) -> bool:
        """Takes what has waited longest; True while there is more. Raises as ``receive``."""
        if self._waiting:
            try:
                self._waiting.take()()
            except StreamError as error:
                self._reset(error)
        return bool(self._waiting)

    def _on_frame(self, kind: int, flags: int, stream_id: int, payload: bytes) -> None:
        if self._block is not None and (kind != frames.CONTINUATION or stream_id != self._block[0]):
            raise LinkError(ErrorCode.PROTOCOL_ERROR, "a header block was interrupted")
        if not self._settings_read and (kind != frames.SETTINGS or flags & frames.ACK):
            raise LinkError(ErrorCode.PROTOCOL_ERROR, "SETTINGS did not come first", LinkEnd.NOT_HTTP2)
        handler = self._handlers.get(kind)
        if handler is None:  # an extension that we do not know is ignored
            self._allowance.spend_control()
        else:
            handler(flags, stream_id, payload)

    def _reset(self, error: StreamError) -> None:
        # A peer that makes us reset streams is no better than one that resets them.
        self._allowance.spend_early_reset()
        self._uploads.forget(error.stream_id)
        viewer = self._streams.reset(error.stream_id, error.code)
        if viewer is not None:
            self._events.on_stream_end(viewer, CloseReason.UNEXPECTED_INPUT)

    # -- requests ----------------------------------------------------------------------------------------------

    def _on_headers(self, flags: int, stream_id: int, payload: bytes) -> None:
        if stream_id % 2 == 0:
            raise LinkError(ErrorCode.PROTOCOL_ERROR, f"a request on stream {stream_id}")
        payload = frames.unpadded(flags, payload)
        if flags & frames.HAS_PRIORITY:
            self._check_priority(stream_id, payload[:5])
            payload = payload[5:]
        ends = bool(flags & frames.END_STREAM)
        if flags & frames.END_HEADERS:
            self._on_block(stream_id, ends, payload)
        else:
            self._block = (stream_id, ends, bytearray(payload))

    def _on_continuation(self, flags: int, stream_id: int, payload: bytes) -> None:
        if self._block is None:
            raise LinkError(ErrorCode.PROTOCOL_ERROR, "CONTINUATION of nothing")
        self._allowance.spend_control()
        _, ends, block = self._block
        block += payload
        if len(block) > self._limits.max_header_list_bytes:
            raise LinkError(ErrorCode.ENHANCE_YOUR_CALM, "the header block does not end", LinkEnd.HEADER_LIST)
        if flags & frames.END_HEADERS:
            self._block = None
            self._on_block(stream_id, ends, bytes(block))

    def _on_block(self, stream_id: int, ends: bool, block: bytes) -> None:
        self._waiting.add(partial(self._take_block, stream_id, ends, block), len(block))
        if stream_id <= self.last_stream_id:
            return
        self.last_stream_id = stream_id
        if len(self._streams) >= self._limits.max_streams:
            self._events.on_refused()
            raise StreamError(stream_id, ErrorCode.REFUSED_STREAM, "as many streams as may be are open")
        if self.last_accepted is not None and stream_id > self.last_accepted:
            raise StreamError(stream_id, ErrorCode.REFUSED_STREAM, "opened after GOAWAY")
        self._streams.open(stream_id)

    def _take_block(self, stream_id: int, ends: bool, block: bytes) -> None:
        fields = self._decoder.decode(block)  # always: all blocks share one compression state
        if stream_id <= self.last_taken_id:
            self._take_late_headers(stream_id, fields, ends)
            return
        self.last_taken_id = stream_id
        if stream_id not in self._streams:  # reset since, or refused
            return
        request = read_request(stream_id, fields)
        if ends:
            self._events.on_request(request)
        else:
            self._uploads.begin(request)

    def _take_late_headers(self, stream_id: int, fields: Fields, ends: bool) -> None:
        if stream_id in self._uploads:
            self._uploads.trailers(stream_id, fields, ends=ends)
        elif stream_id in self._streams:
            raise StreamError(stream_id, ErrorCode.STREAM_CLOSED, "HEADERS after the request's end")
        else:
            raise LinkError(ErrorCode.STREAM_CLOSED, f"HEADERS on stream {stream_id}, which is closed")

    def _on_data(self, flags: int, stream_id: int, payload: bytes) -> None:
        self._check_not_idle(stream_id, "DATA")
        if payload:  # nobody keeps it, but other streams share the window
            self._out.write(frames.window_update(0, len(payload)))
        content = frames.unpadded(flags, payload)
        ends = bool(flags & frames.END_STREAM)
        if stream_id > self.last_taken_id:
            self._waiting.add(partial(self._take_data, stream_id, len(content), ends), 0)
        else:
            self._take_data(stream_id, len(content), ends)

    def _take_data(self, stream_id: int, size: int, ends: bool) -> None:
        if stream_id not in self._uploads:
            raise StreamError(stream_id, ErrorCode.STREAM_CLOSED, "DATA after the request's end")
        if not self._uploads.data(stream_id, size, ends=ends) or not (size or ends):
            self._allowance.spend_control()

    def _on_rst_stream(self, _: int, stream_id: int, payload: bytes) -> None:
        frames.read_long(payload)
        self._check_not_idle(stream_id, "RST_STREAM")
        self._uploads.forget(stream_id)
        self._allowance.spend_reset(stream_id)
        viewer = self._streams.forget(stream_id)
        if viewer is not None:
            self._events.on_stream_end(viewer, CloseReason.HUNG_UP)

    # -- the connection's own ----------------------------------------------------------------------------------

    def _on_settings(self, flags: int, stream_id: int, payload: bytes) -> None:
        self._allowance.spend_control()
        if stream_id:
            raise LinkError(ErrorCode.PROTOCOL_ERROR, "SETTINGS of a stream")
        if flags & frames.ACK:
            if payload:
                raise LinkError(ErrorCode.FRAME_SIZE_ERROR, "an acknowledgement that says something")
            return
        theirs = frames.read_settings(payload)
        # HEADER_TABLE_SIZE: our answers use no table. What is not here is about what we never send.
        self._streams.max_frame_bytes = theirs.get(Setting.MAX_FRAME_SIZE, self._streams.max_frame_bytes)
        if Setting.INITIAL_WINDOW_SIZE in theirs:
            self._allowance.spend_control(len(self._streams) // _STREAMS_A_TOKEN)
            self._streams.set_initial_window(theirs[Setting.INITIAL_WINDOW_SIZE])
        self._settings_read = True
        self._out.write(frames.SETTINGS_ACK)

    def _on_ping(self, flags: int, stream_id: int, payload: bytes) -> None:
        self._allowance.spend_control()
        if stream_id:
            raise LinkError(ErrorCode.PROTOCOL_ERROR, "PING of a stream")
        if len(payload) != 8:
            raise LinkError(ErrorCode.FRAME_SIZE_ERROR, "PING is of 8 bytes")
        if flags & frames.ACK:
            self._events.on_pong(payload)
        else:
            self._out.write(frames.pack(frames.PING, frames.ACK, 0, payload))

    def _on_goaway(self, _: int, stream_id: int, payload: bytes) -> None:
        self._allowance.spend_control()
        if stream_id:
            raise LinkError(ErrorCode.PROTOCOL_ERROR, "GOAWAY of a stream")
        if len(payload) < 8:
            raise LinkError(ErrorCode.FRAME_SIZE_ERROR, "GOAWAY is of 8 bytes at least")
        # The peer opens no more streams; those that are open go on.

    def _on_window_update(self, _: int, stream_id: int, payload: bytes) -> None:
        self._allowance.spend_answer()
        increment = frames.read_long(payload) & frames.MAX_WINDOW
        if stream_id == 0:
            if not increment:
                raise LinkError(ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE by nothing")
            self._streams.raise_connection_window(increment)
            return
        self._check_not_idle(stream_id, "WINDOW_UPDATE")
        if not increment:
            raise StreamError(stream_id, ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE by nothing")
        self._streams.raise_window(stream_id, increment)

    def _on_priority(self, _: int, stream_id: int, payload: bytes) -> None:
        self._allowance.spend_control()
        if not stream_id:
            raise LinkError(ErrorCode.PROTOCOL_ERROR, "PRIORITY of no stream")
        self._check_priority(stream_id, payload)

    def _on_push_promise(self, _: int, stream_id: int, payload: bytes) -> None:
        raise LinkError(ErrorCode.PROTOCOL_ERROR, "PUSH_PROMISE by a client")

    # -- checks ------------------------------------------------------------------------------------------------

    def _check_priority(self, stream_id: int, payload: bytes) -> None:
        if len(payload) != 5:
            raise LinkError(ErrorCode.FRAME_SIZE_ERROR, "a priority is of 5 bytes")
        if frames.read_long(payload[:4]) & frames.MAX_STREAM_ID == stream_id:
            raise LinkError(ErrorCode.PROTOCOL_ERROR, "a stream depends on itself")

    def _check_not_idle(self, stream_id: int, what: str) -> None:
        if stream_id == 0 or stream_id > self.last_stream_id:
            raise LinkError(ErrorCode.PROTOCOL_ERROR, f"{what} of stream {stream_id}, which was never opened")
