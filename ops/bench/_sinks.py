"""Viewers that take everything at once and keep only its size: what is left is the engine's own cost."""

from __future__ import annotations

from collections.abc import Sequence

from rms.batch import Batch
from rms.links import Short
from rms.viewer import Viewer


class SinkLink:
    """A link without connections."""

    def viewer(self) -> SinkViewer:
        return SinkViewer(self)


class SinkViewer(Viewer):
    __slots__ = ("_link", "taken")

    def __init__(self, link: SinkLink) -> None:
        super().__init__()
        self._link = link
        self.taken = 0

    @property
    def link(self) -> SinkLink:
        return self._link

    def open_group(self) -> SinkGroup:
        return SinkGroup(self._link)

    def offer(self, data: bytes) -> int:
        self.taken += len(data)
        return len(data)

    def await_room(self) -> None:
        raise AssertionError("there is always room")

    def close(self) -> None:
        self.closed = True


class SinkGroup:
    busy = False

    def __init__(self, link: SinkLink) -> None:
        self.link = link
        self.position = 0
        self._members: dict[Viewer, None] = {}

    def __len__(self) -> int:
        return len(self._members)

    def viewers(self) -> Sequence[Viewer]:
        return list(self._members)

    def add(self, viewer: Viewer) -> None:
        self._members[viewer] = None

    def discard(self, viewer: Viewer) -> None:
        self._members.pop(viewer, None)

    def send(self, batch: Batch) -> Sequence[Short]:
        for viewer in self._members:
            viewer.offer(batch.payload)
        return ()
