"""A link whose room is the test's to give: what each viewer took is kept as bytes."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from rms.batch import Batch
from rms.links import Short
from rms.viewer import Viewer

ENDLESS = 1 << 60


class FakeLink:
    def __init__(self) -> None:
        self.busy = False
        self.takes = ENDLESS
        """Sends to groups until it is busy."""

    def viewer(self, room: int = ENDLESS, *, head_bytes: int = 0) -> FakeViewer:
        return FakeViewer(self, room, head_bytes)


class FakeViewer(Viewer):
    def __init__(self, link: FakeLink, room: int, head_bytes: int) -> None:
        super().__init__()
        self._link = link
        self.room = room
        self.received = b""
        self.awaits_room = False
        self._text = b""
        self._gunzip = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        self._head_bytes = self._decoded = head_bytes

    @property
    def text(self) -> bytes:
        """What it received, what is gzip of that decoded: as far as it came, for a decoder that is fed as it comes."""
        if not self.gzip:
            return self.received
        self._text += self._gunzip.decompress(self.received[self._decoded :])
        self._decoded = max(self._decoded, len(self.received))
        return self.received[: self._head_bytes] + self._text

    @property
    def link(self) -> FakeLink:
        return self._link

    def open_group(self) -> FakeGroup:
        return FakeGroup(self._link)

    def offer(self, data: bytes) -> int:
        assert not self.closed, "nothing is offered to a closed viewer"
        taken = 0 if self._link.busy else min(self.room, len(data))
        self.received += data[:taken]
        self.room -= taken
        return taken

    def await_room(self) -> None:
        self.awaits_room = True

    def close(self) -> None:
        self.closed = True
        self.awaits_room = False

    def give_room(self, room: int) -> None:
        """As a link does: tells the audience for as long as it asked and there is room."""
        self.room += room
        while self.awaits_room and self.room and self.audience is not None and not self._link.busy:
            self.awaits_room = self.audience.on_room(self)


class FakeGroup:
    def __init__(self, link: FakeLink) -> None:
        self.link = link
        self.position = 0
        self.members: list[FakeViewer] = []

    @property
    def busy(self) -> bool:
        return self.link.busy

    def __len__(self) -> int:
        return len(self.members)

    def viewers(self) -> Sequence[Viewer]:
        return list(self.members)

    def add(self, viewer: Viewer) -> None:
        assert isinstance(viewer, FakeViewer)
        assert viewer not in self.members
        self.members.append(viewer)

    def discard(self, viewer: Viewer) -> None:
        if viewer in self.members:
            self.members.remove(viewer)

    def send(self, batch: Batch) -> Sequence[Short]:
        assert not self.busy
        taken = [(viewer, viewer.offer(batch.payload)) for viewer in self.members]
        self.link.takes -= 1
        self.link.busy = not self.link.takes
        return [(viewer, count) for viewer, count in taken if count < len(batch.payload)]
