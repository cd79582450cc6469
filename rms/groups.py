"""The groups of one channel's up-to-date viewers: who is in which, and which is sent to next."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from operator import attrgetter

from rms.batch import Batch
from rms.gzip_stream import GzipStream
from rms.links import Group
from rms.ring import Ring
from rms.viewer import Viewer


class Groups:
    """Of at most ``max_size`` viewers each, all of one link.

    A group's viewers are all plain, or all gzip with one run (see ``GzipStream``), so that what can be sent to one of
    them can be sent to all. Those whose runs are long enough to share blocks are one kind, and whoever is not that
    far yet is with those of its own run, until they move over to them together.
    """

    def __init__(self, ring: Ring, gzip: GzipStream, max_size: int) -> None:
        self._ring = ring
        self._gzip = gzip
        self._max_size = max_size
        self._groups: deque[Group] = deque()  # those that the round has yet to reach come first
        self._unreached = 0
        self._with_room: dict[tuple[object, bool | None], Group] = {}  # by link and kind, the last viewer's group
        self._runs: dict[Group, int] = {}  # of the gzip groups
        self._gathering: set[Group] = set()  # those of them whose run was too short to share blocks

    def __len__(self) -> int:
        return len(self._groups)

    def __iter__(self) -> Iterator[Group]:
        """In any order; not to be changed while iterating."""
        return iter(self._groups)

    @property
    def gzip_viewers(self) -> int:
        """How many viewers are in gzip groups."""
        return sum(len(group) for group in self._runs)

    def run_of(self, group: Group) -> int | None:
        """The run of a gzip group; None of a plain one."""
        return self._runs.get(group)

    # -- rounds --------------------------------------------------------------------------------------------------

    @property
    def unreached(self) -> bool:
        """The round has groups yet to reach."""
        return self._unreached > 0 and bool(self._groups)

    def begin_round(self) -> None:
        """Whoever is furthest behind comes first: a busy link takes a part of them each time that it is relieved."""
        self._groups = deque(sorted(self._groups, key=attrgetter("position")))
        self._unreached = len(self._groups)

    def next(self) -> Group | None:
        """The round's next group; None at its end."""
        if not self.unreached:
            return None
        self._unreached -= 1
        group = self._groups[0]
        self._groups.rotate(-1)
        return group

    def go_on(self, group: Group, batch: Batch) -> int | None:
        """The group is about to be sent ``batch``. Returns its run as it is from then on."""
        group.position = batch.end
        run_from = self._runs.get(group)
        if run_from is not None:
            run_from = self._runs[group] = max(run_from, batch.run_from)
        return run_from

    # -- places --------------------------------------------------------------------------------------------------

    def add(self, viewer: Viewer, run_from: int | None) -> None:
        """Puts a viewer that is at the ring's end into a group that is there too, one that the round has no need to
        reach."""
        kind = viewer.link, None if run_from is None else self._gzip.shares(run_from)
        group = self._with_room.get(kind)
        if group is None or not self._fits(group, run_from):
            group = next((g for g in self._groups if g.link is viewer.link and self._fits(g, run_from)), None)
        if group is None:
            group = viewer.open_group()
            group.position = self._ring.end
            self._groups.append(group)
            if kind[1] is False:
                self._gathering.add(group)
        self._with_room[kind] = group
        if run_from is not None:
            self._runs[group] = max(run_from, self._runs.get(group, 0))
        group.add(viewer)
        viewer.group = group

    def discard(self, viewer: Viewer) -> None:
        """Takes a viewer out of its group, if it is in one. Empty groups go."""
        group, viewer.group = viewer.group, None
        if group is None:
            return
        group.discard(viewer)
        if not len(group):
            self._groups.remove(group)
            self._with_room = {kind: other for kind, other in self._with_room.items() if other is not group}
            self._runs.pop(group, None)
            self._gathering.discard(group)

    def merge(self, group: Group) -> None:
        """If its run has become long enough, its viewers go where there is room among those who share."""
        run_from = self._runs.get(group)
        if group not in self._gathering or run_from is None or not self._gzip.shares(run_from):
            return
        self._gathering.discard(group)
        for viewer in list(group.viewers()):
            self.discard(viewer)
            self.add(viewer, run_from)

    def _fits(self, group: Group, run_from: int | None) -> bool:
        """The group, of the right link, can take a viewer that is at the ring's end with that run."""
        if group.position != self._ring.end or len(group) >= self._max_size:
            return False
        run = self._runs.get(group)
        if run is None or run_from is None:
            return run is run_from
        return run == run_from or (self._gzip.shares(run) and self._gzip.shares(run_from))
