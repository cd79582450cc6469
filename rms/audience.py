"""Who watches a channel, and how far each has been sent its stream."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence

from rms.batch import Batch, Rest
from rms.channel_limits import ChannelLimits
from rms.compress import stored_batch
from rms.encoders import Encoders
from rms.frames import HEARTBEAT, Frame
from rms.groups import Groups
from rms.gzip_stream import GzipStream
from rms.laggard import Laggard
from rms.links import Group
from rms.metrics import RmsMetrics
from rms.reasons import CloseReason, ResyncReason
from rms.ring import Ring
from rms.viewer import Viewer
from rms.wheel import Wheel


class Audience:
    """The viewers of one channel: groups of those that are up to date, and laggards.

    A group is sent to in one go, and its position moves with it. So whatever joins, leaves and falls behind between
    two groups of a round, a viewer's place says exactly what it has been sent:

    * a viewer at the ring's end is put into a group at the ring's end, never into one that the round has yet to reach;
    * a viewer that did not take a whole batch leaves its group as a laggard, at the place where it was cut;
    * a laggard, or the group of a busy link, that the ring is about to forget skips to the ring's end with a
      ``resync``.

    ``wake`` is called when there is something to send; then ``send_slice`` until it returns False.
    """

    def __init__(
        self,
        ring: Ring,
        *,
        limits: ChannelLimits,
        metrics: RmsMetrics,
        encoders: Encoders,
        clock: Callable[[], float],
        wheel: Wheel,
        wake: Callable[[], None],
        on_detach: Callable[[Viewer, CloseReason], None],
    ) -> None:
        self._ring = ring
        self._limits = limits
        self._metrics = metrics
        self._clock = clock
        self._wheel = wheel
        self._wake = wake
        self._on_detach = on_detach
        self._gzip = GzipStream(ring, encoders)
        self._groups = Groups(ring, self._gzip, limits.group_size)
        self._laggards: set[Viewer] = set()
        self._watching = False  # the wheel will look for laggards that have stalled
        self._heartbeats: dict[bool, Batch] = {}  # while one is to be sent: the plain one, and the gzip one
        self._newest: tuple[int, Batch] = (0, ring.batch(ring.end))
        self._count = 0
        self.closing = False
        """Set once the last frame is in the ring: from then on a viewer that has it is closed."""

    def __len__(self) -> int:
        """Viewers."""
        return self._count

    @property
    def laggards(self) -> int:
        """How many of them are behind."""
        return len(self._laggards)

    @property
    def sending(self) -> bool:
        """A round has groups yet to reach."""
        return self._groups.unreached

    # -- joining and leaving -----------------------------------------------------------------------------------

    def join(self, viewer: Viewer, opening: bytes, page: Batch, *, gzip: bool = False) -> None:
        """Takes a viewer in: ``opening``, then ``page``, which ends at the ring's end, then live.

        For a viewer of ``gzip`` both are that already.
        """
        if not self._admit(viewer, gzip):
            return
        run_from = page.run_from if gzip else None
        taken = viewer.offer(opening + page.payload)
        if taken == len(opening) + len(page.payload):
            self._to_front(viewer, run_from)
            return
        if taken < len(opening):
            rest = Rest(opening[taken:], page.positions[0] if page.positions else page.end)
        else:
            rest = page.cut(taken - len(opening))
        self._to_laggards(viewer, Laggard(rest, first_page_end=page.end, run_from=run_from, now=self._clock()))

    def resume(self, viewer: Viewer, opening: bytes, position: int, *, gzip: bool = False) -> None:
        """Takes a viewer in: ``opening``, then all from ``position`` on; straight from the ring, without a copy."""
        if not self._admit(viewer, gzip):
            return
        run_from = position if gzip else None
        self._to_laggards(viewer, Laggard(Rest(opening, position), run_from=run_from, now=self._clock()))
        self.on_room(viewer)

    def detach(self, viewer: Viewer, reason: CloseReason) -> None:
        """Closes a viewer and forgets it. One that is not here is ignored."""
        if viewer.audience is not self:
            return
        if viewer.gzip:
            self._metrics.gzip_viewers.dec()
        self._displace(viewer)
        viewer.audience = None
        viewer.close()
        self._count -= 1
        self._metrics.viewers.dec()
        self._metrics.closed.labels(reason).inc()
        self._on_detach(viewer, reason)

    def viewers(self) -> Iterator[Viewer]:
        """All, in any order; not to be changed while iterating."""
        for group in self._groups:
            yield from group.viewers()
        yield from self._laggards

    async def close_all(self, reason: CloseReason, final: Callable[[], Frame], spread_s: float) -> None:
        """Sends every viewer that is not in the middle of a frame ``final()``, and closes it: a group's worth at a
        time, evenly over ``spread_s``, beginning at a random moment so that many channels do not close at once."""
        viewers = list(self.viewers())
        random.shuffle(viewers)
        size = self._limits.group_size
        pause_s = spread_s / max(1, -(-len(viewers) // size))
        for at in range(0, len(viewers), size):
            await asyncio.sleep(pause_s * (random.random() if at == 0 else 1))  # noqa: S311 - no secret
            for viewer in viewers[at : at + size]:
                if viewer.audience is self and (viewer.laggard is None or not viewer.laggard.in_frame):
                    viewer.say(final().data)
                self.detach(viewer, reason)

    def close(self) -> None:
        """Nothing is sent any more."""
        self._gzip.forget()

    # -- sending -----------------------------------------------------------------------------------------------

    def compress(self, frames: Sequence[Frame]) -> None:
        """``frames`` are about to be appended to the ring."""
        self._gzip.append(frames, viewers=self._groups.gzip_viewers)

    def on_rewrite(self) -> None:
        """A frame of the ring no longer gives what went out: who has yet to be sent it gets it as it is now."""
        self._newest = (-1, self._ring.batch(self._ring.end))
        self._gzip.on_rewrite()

    def begin_round(self) -> None:
        """Something was appended to the ring: every group is to be sent what it lacks."""
        self._heartbeats = {}
        self._groups.begin_round()

    def begin_heartbeat(self) -> None:
        """Every group that has nothing else to be sent gets a heartbeat.

        It is no part of the stream, and so ends the shared history: what is compressed next refers to nothing before.
        """
        self._gzip.forget()
        plain = Batch([HEARTBEAT], [self._ring.end], self._ring.end)
        self._heartbeats = {False: plain, True: stored_batch(plain)}
        self._groups.begin_round()

    def send_slice(self) -> bool:
        """Sends to the round's next group; True while there is another."""
        while (group := self._groups.next()) is not None:
            batch = self._batch_for(group)
            if batch is not None:
                self._send(group, batch)
                break
        if not self._groups.unreached:
            self._heartbeats = {}
        return self._groups.unreached

    def make_way(self) -> None:
        """To be called before the ring is trimmed: who stands where it forgets skips to its end."""
        floor = self._ring.floor()
        if floor == self._ring.first:
            return
        for group in [group for group in self._groups if group.position < floor]:
            run_from = self._groups.run_of(group)
            for viewer in list(group.viewers()):
                self._displace(viewer)
                rest = Rest(b"", group.position)
                self._to_laggards(viewer, Laggard(rest, run_from=run_from, now=self._clock()))
        for viewer in self._laggards:
            if viewer.laggard is not None and viewer.laggard.position < floor:
                viewer.laggard.miss(self._ring)
                self._metrics.resyncs.labels(ResyncReason.FELL_BEHIND).inc()

    def on_room(self, viewer: Viewer) -> bool:
        """See ``LinkEvents``: a laggard is offered its next piece, and goes to the front once it has caught up."""
        laggard = viewer.laggard
        if laggard is None:
            return False
        batch = laggard.next_batch(self._ring, self._gzip, self._limits.chunk_bytes)
        taken = viewer.offer(batch.payload) if batch.payload else 0
        laggard.take(batch, taken, self._clock())
        if laggard.is_behind(self._ring):
            return True
        self._displace(viewer)
        self._to_front(viewer, laggard.run_from)
        return False

    def on_link_ready(self) -> None:
        """See ``LinkEvents``: the groups that were passed over get what they lack."""
        self._groups.begin_round()
        self._wake()

    def _close_stalled(self) -> float | None:
        now = self._clock()
        oldest = now
        for viewer in list(self._laggards):
            if viewer.laggard is None:
                continue
            if now - viewer.laggard.moved_at >= self._limits.stalled_after_s:
                self.detach(viewer, CloseReason.STALLED)
            else:
                oldest = min(oldest, viewer.laggard.moved_at)
        self._watching = bool(self._laggards)
        return self._limits.stalled_after_s - (now - oldest) if self._watching else None

    def _batch_for(self, group: Group) -> Batch | None:
        if group.busy:
            return None
        run_from = self._groups.run_of(group)
        if group.position == self._ring.end:
            return self._heartbeats.get(run_from is not None)
        if run_from is not None:
            return self._gzip.batch(group.position, run_from)
        start, batch = self._newest
        if start != group.position or batch.end != self._ring.end:
            batch = self._ring.batch(group.position)
            self._newest = (group.position, batch)
        return batch

    def _send(self, group: Group, batch: Batch) -> None:
        self._count_sends(group, batch)
        run_from = self._groups.go_on(group, batch)
        for viewer, taken in group.send(batch):
            self._displace(viewer)
            self._to_laggards(viewer, Laggard(batch.cut(taken), run_from=run_from, now=self._clock()))
        if self.closing:
            for viewer in list(group.viewers()):
                self.detach(viewer, CloseReason.ENDED)
        else:
            self._groups.merge(group)

    def _count_sends(self, group: Group, batch: Batch) -> None:
        if batch.end == group.position:
            self._metrics.heartbeats.inc(len(group))
            return
        deliveries = len(group) * batch.events
        self._metrics.deliveries.inc(deliveries)
        if batch.frames and self._groups.run_of(group) is not None:
            self._metrics.gzip_deliveries.labels(batch.frames[0].kind).inc(deliveries)

    # -- places --------------------------------------------------------------------------------------------------

    def _admit(self, viewer: Viewer, gzip: bool) -> bool:
        if viewer.audience is not None:
            raise ValueError("the viewer is attached already")
        if viewer.closed:
            return False
        viewer.audience = self
        viewer.gzip = gzip
        self._count += 1
        self._metrics.viewers.inc()
        if gzip:
            self._metrics.gzip_viewers.inc()
        return True

    def _to_front(self, viewer: Viewer, run_from: int | None) -> None:
        if self.closing:
            self.detach(viewer, CloseReason.ENDED)
            return
        self._groups.add(viewer, run_from)

    def _to_laggards(self, viewer: Viewer, laggard: Laggard) -> None:
        viewer.laggard = laggard
        self._laggards.add(viewer)
        self._metrics.laggards.inc()
        viewer.await_room()
        if not self._watching:
            self._watching = True
            self._wheel.add(self._limits.stalled_after_s, self._close_stalled)

    def _displace(self, viewer: Viewer) -> None:
        """Takes a viewer out of its group, or from among the laggards."""
        if viewer.laggard is not None:
            viewer.laggard = None
            self._laggards.remove(viewer)
            self._metrics.laggards.dec()
        self._groups.discard(viewer)
