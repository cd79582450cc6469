"""The sending half of one HTTP/2 connection: its streams, their windows, and what may go out now. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Protocol

from rms.links.h2_frames import (
    DEFAULT_FRAME_BYTES,
    DEFAULT_WINDOW,
    MAX_WINDOW,
    ErrorCode,
    LinkError,
    StreamError,
    data_frames,
    end_stream,
    rst_stream,
)
from rms.links.h2_viewers import H2Group, H2Viewer

ANSWERS_A_FRAME: Final = 2
"""What a DATA frame may be answered by: a WINDOW_UPDATE of its stream and one of the connection."""
ANSWERS_A_STREAM: Final = 2
"""What a stream may bring beside: a larger window before anything was sent, and RST_STREAM."""


class Output(Protocol):
    """Where bytes go; the link's transport."""

    def write(self, data: bytes) -> None: ...

    @property
    def buffered(self) -> int:
        """Bytes that were written and that the kernel has not taken yet."""


class H2Streams:
    """All streams of one connection, by id, and what they share: the connection's window and its way out.

    ``link`` is what viewers tell their link by. At most ``max_buffered_bytes`` wait for the kernel; a single flush
    stops short of it. Room that viewers wait for is handed out by ``serve``, which ``wake`` asks to have called.
    """

    def __init__(self, link: object, out: Output, *, max_buffered_bytes: int, wake: Callable[[], None]) -> None:
        self.link = link
        self.initial_window = DEFAULT_WINDOW
        self.max_frame_bytes = DEFAULT_FRAME_BYTES
        self.window = DEFAULT_WINDOW
        """Bytes of DATA that the peer takes now, for all streams together."""
        self.answers_due = 0
        """Frames that the peer has reason to send: WINDOW_UPDATE for what it was sent, RST_STREAM for what is open."""
        self.relieved = 0
        """How many times the connection was busy and is no longer."""
        self.choked = False
        """The way out is full: nothing is sent until it has drained."""
        self._out = out
        self._max_buffered_bytes = max_buffered_bytes
        self._wake = wake
        self._open: dict[int, H2Viewer] = {}
        self._with_room: dict[H2Viewer, None] = {}  # in the order in which they are served
        self._passed_over: set[H2Group] = set()

    def __len__(self) -> int:
        """Open streams."""
        return len(self._open)

    def __contains__(self, stream_id: int) -> bool:
        return stream_id in self._open

    def __getitem__(self, stream_id: int) -> H2Viewer:
        """The viewer of an open stream. Raises ``KeyError`` for another."""
        return self._open[stream_id]

    def viewers(self) -> list[H2Viewer]:
        """Those whose streams are open."""
        return list(self._open.values())

    # -- streams -----------------------------------------------------------------------------------------------

    def open(self, stream_id: int) -> H2Viewer:
        """The viewer of a stream that the peer has just opened."""
        viewer = self._open[stream_id] = H2Viewer(self, stream_id)
        self.answers_due += ANSWERS_A_STREAM
        return viewer

    def close(self, viewer: H2Viewer) -> None:
        """Ends a viewer's stream in order; what was sent before still arrives. Idempotent."""
        if not viewer.closed:
            self._forget(viewer)
            self._out.write(end_stream(viewer.stream_id))

    def forget(self, stream_id: int) -> H2Viewer | None:
        """Takes out a stream that has ended from outside; its viewer, where it was open, is marked closed."""
        viewer = self._open.get(stream_id)
        if viewer is not None:
            self._forget(viewer)
        return viewer

    def reset(self, stream_id: int, code: ErrorCode) -> H2Viewer | None:
        """Ends a stream by RST_STREAM; as ``forget``."""
        self._out.write(rst_stream(stream_id, code))
        return self.forget(stream_id)

    def _forget(self, viewer: H2Viewer) -> None:
        viewer.closed = True
        viewer.awaits_room = False
        del self._open[viewer.stream_id]
        self._with_room.pop(viewer, None)

    # -- sending -----------------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Nothing can be sent to anybody: the way out is full, or the connection's window spent."""
        return self.choked or self.window <= 0

    @property
    def room(self) -> int:
        """Bytes that can be sent now, to whomever."""
        return 0 if self.choked else max(0, min(self.window, self._max_buffered_bytes - self._out.buffered))

    def passes_over(self, group: H2Group) -> bool:
        if self.busy:
            self._passed_over.add(group)
            return True
        return False

    def offer(self, viewer: H2Viewer, data: bytes) -> int:
        """See ``Viewer.offer``."""
        taken = min(len(data), viewer.window, self.room)
        if taken <= 0 or viewer.closed:
            return 0
        viewer.limit -= taken
        if viewer.counted_in is not None:
            viewer.counted_in.note_limit(viewer.limit)
        self.send(data if taken == len(data) else data[:taken], (viewer.id,), 1)
        return taken

    def send(self, payload: bytes, stream_ids: Iterable[bytes], count: int) -> None:
        """Sends ``payload`` to ``count`` streams, whose windows and room for it the caller has seen to."""
        size = len(payload)
        if not size:
            return
        self.window -= size * count
        limit = self.max_frame_bytes
        if size <= limit:
            self.answers_due += ANSWERS_A_FRAME * count
            self._out.write(data_frames(payload, stream_ids))
            return
        for at in range(0, size, limit):
            self.answers_due += ANSWERS_A_FRAME * count
            self._out.write(data_frames(payload[at : at + limit], stream_ids))

    # -- windows and room --------------------------------------------------------------------------------------

    def raise_connection_window(self, increment: int) -> None:
        """WINDOW_UPDATE of stream 0. Raises ``LinkError`` over the limit."""
        if self.window + increment > MAX_WINDOW:
            raise LinkError(ErrorCode.FLOW_CONTROL_ERROR, "the connection's window is over the limit")
        was_busy = self.busy
        self.window += increment
        if was_busy:
            self._on_ready()

    def raise_window(self, stream_id: int, increment: int) -> None:
        """WINDOW_UPDATE of one stream; one that is closed is ignored. Raises ``StreamError`` over the limit."""
        viewer = self._open.get(stream_id)
        if viewer is None:
            return
        if viewer.window + increment > MAX_WINDOW:
            raise StreamError(stream_id, ErrorCode.FLOW_CONTROL_ERROR, "the stream's window is over the limit")
        viewer.limit += increment
        if viewer.awaits_room:
            self._note_room(viewer)

    def set_initial_window(self, size: int) -> None:
        """SETTINGS_INITIAL_WINDOW_SIZE: every stream's window moves by the difference, below 0 if need be."""
        difference, self.initial_window = size - self.initial_window, size
        for viewer in self._open.values():
            if viewer.window + difference > MAX_WINDOW:
                raise LinkError(ErrorCode.FLOW_CONTROL_ERROR, "INITIAL_WINDOW_SIZE takes a window over the limit")
            viewer.limit += difference
            if viewer.counted_in is not None:
                viewer.counted_in.note_limit(viewer.limit)
            if viewer.awaits_room:
                self._note_room(viewer)

    def choke(self) -> None:
        """The way out is full."""
        self.choked = True

    def unchoke(self) -> None:
        """The way out has drained."""
        was_busy, self.choked = self.busy, False
        if was_busy:
            self._on_ready()

    def await_room(self, viewer: H2Viewer) -> None:
        """See ``Viewer.await_room``."""
        if not viewer.closed:
            viewer.awaits_room = True
            self._note_room(viewer)

    def serve(self) -> bool:
        """Tells the next viewer that waits for room that there is some; True while there is another to be told."""
        if self.busy or not self._with_room:
            return False
        viewer = next(iter(self._with_room))
        del self._with_room[viewer]
        if viewer.window > 0:
            viewer.awaits_room = viewer.audience is not None and viewer.audience.on_room(viewer)
            if viewer.awaits_room and not viewer.closed:
                self._note_room(viewer)
        return bool(self._with_room) and not self.busy

    def _note_room(self, viewer: H2Viewer) -> None:
        if viewer.window > 0:
            self._with_room[viewer] = None
            if not self.busy:
                self._wake()

    def _on_ready(self) -> None:
        if self.busy:
            return
        self.relieved += 1
        passed_over, self._passed_over = self._passed_over, set()
        for audience in {group.audience for group in passed_over}:
            if audience is not None:
                audience.on_link_ready()
        if self._with_room:
            self._wake()
