"""Viewers that are streams of one HTTP/2 connection, and groups of them that are sent the same. Pure.

Windows are absolute positions. A group counts the bytes that it has sent, and each member's ``limit`` is a position on
that count, raised by WINDOW_UPDATE. The group keeps a floor under its members' limits, so that a flush costs one
comparison, and only a floor that is reached costs a look at every member.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from rms.batch import Batch
from rms.links import LinkEvents, Short
from rms.links.h2_frames import MAX_WINDOW
from rms.viewer import Viewer

if TYPE_CHECKING:
    from rms.links.h2_streams import H2Streams


class H2Viewer(Viewer):
    """A viewer that is a stream of a connection.

    ``limit`` is how far it may be sent, counted from the beginning of the group's count while it is in one
    (``counted_in``), and from here on while it is not.
    """

    __slots__ = ("awaits_room", "counted_in", "id", "limit", "streams")

    def __init__(self, streams: H2Streams, stream_id: int) -> None:
        super().__init__()
        self.streams = streams
        self.id = stream_id.to_bytes(4, "big")
        self.limit = streams.initial_window
        self.counted_in: H2Group | None = None
        self.awaits_room = False

    @property
    def stream_id(self) -> int:
        return int.from_bytes(self.id, "big")

    @property
    def window(self) -> int:
        """Bytes that may be sent to it now; below 0 where a smaller initial window was set meanwhile."""
        return self.limit if self.counted_in is None else self.limit - self.counted_in.sent

    @property
    def link(self) -> object:
        return self.streams.link

    def open_group(self) -> H2Group:
        return H2Group(self.streams)

    def offer(self, data: bytes) -> int:
        return self.streams.offer(self, data)

    def await_room(self) -> None:
        self.streams.await_room(self)

    def close(self) -> None:
        self.streams.close(self)


class H2Group:
    """Streams that are sent the same, by one join and one write."""

    __slots__ = ("_floor", "_ids", "_streams", "position", "sent")

    def __init__(self, streams: H2Streams) -> None:
        self._streams = streams
        self._ids: dict[Viewer, bytes] = {}
        self._floor = MAX_WINDOW  # never above any member's limit
        self.position = 0
        self.sent = 0
        """Bytes that the group has been sent since it began."""

    @property
    def link(self) -> object:
        return self._streams.link

    @property
    def busy(self) -> bool:
        """While the link takes nothing; a group that was told so is told when that is over (``on_link_ready``)."""
        return self._streams.passes_over(self)

    @property
    def audience(self) -> LinkEvents | None:
        """Whose viewers they are; None of a group that has none."""
        return next((viewer.audience for viewer in self._ids), None)

    def __len__(self) -> int:
        return len(self._ids)

    def viewers(self) -> Sequence[Viewer]:
        return list(self._ids)

    def add(self, viewer: Viewer) -> None:
        member = cast(H2Viewer, viewer)
        self._ids[member] = member.id
        member.limit += self.sent
        member.counted_in = self
        self.note_limit(member.limit)

    def discard(self, viewer: Viewer) -> None:
        if self._ids.pop(viewer, None) is not None:
            member = cast(H2Viewer, viewer)
            member.limit -= self.sent
            member.counted_in = None

    def note_limit(self, limit: int) -> None:
        """A member's limit has come down to ``limit``."""
        self._floor = min(self._floor, limit)

    def send(self, batch: Batch) -> Sequence[Short]:
        payload = batch.payload
        size = len(payload)
        if self.sent + size > self._floor:
            self._floor = min((cast(H2Viewer, viewer).limit for viewer in self._ids), default=MAX_WINDOW)
        if self.sent + size > self._floor or size * len(self._ids) > self._streams.room:
            return self._send_in_part(payload)
        self.sent += size
        self._streams.send(payload, self._ids.values(), len(self._ids))
        return []

    def _send_in_part(self, payload: bytes) -> Sequence[Short]:
        size = len(payload)
        room = self._streams.room
        whole: list[bytes] = []
        short: list[Short] = []
        for viewer, stream_id in self._ids.items():
            member = cast(H2Viewer, viewer)
            taken = max(0, min(size, member.limit - self.sent, room))
            room -= taken
            if taken == size:
                whole.append(stream_id)
            else:
                short.append((viewer, taken))
                member.limit += size - taken  # the group's count moves by more than it took
        for viewer, taken in short:
            if taken:
                self._streams.send(payload[:taken], (self._ids[viewer],), 1)
        if whole:
            self._streams.send(payload, whole, len(whole))
        self.sent += size
        return short
