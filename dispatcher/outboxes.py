"""The outboxes of all RMS nodes, as these come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import structlog

from dispatcher.item import Item
from dispatcher.outbox import Outbox
from dispatcher.reasons import DropReason

if TYPE_CHECKING:
    from coordination.membership import NodeRecord

_log = structlog.get_logger()


class Outboxes:
    """One outbox for each RMS that is a member, or was and still answers.

    An RMS that leaves the membership keeps its outbox while its stream stands: it may be draining, or its ZooKeeper
    session is gone and its viewers are not. Without a stream it is given up after ``abandon_after_s``.
    """

    def __init__(
        self, open_outbox: Callable[[str], Outbox], *, abandon_after_s: float, clock: Callable[[], float]
    ) -> None:
        self._open_outbox = open_outbox
        self._abandon_after_s = abandon_after_s
        self._clock = clock
        self._outboxes: dict[str, Outbox] = {}
        # The life and address that each outbox was connected to.
        self._lives: dict[str, tuple[str, str]] = {}
        # Of those that are not members: since when there is no stream either.
        self._silent_since: dict[str, float] = {}
        self._members: frozenset[str] = frozenset()
        self._connecting: set[asyncio.Task[None]] = set()

    def __iter__(self) -> Iterator[Outbox]:
        return iter(self._outboxes.values())

    @property
    def queued(self) -> int:
        """Items in all outboxes that are not acknowledged yet."""
        return sum(outbox.queued for outbox in self._outboxes.values())

    def follow(self, nodes: Mapping[str, NodeRecord]) -> None:
        """Connects to each RMS of the membership that is new, or lives anew, or at another address."""
        self._members = frozenset(nodes)
        for rms_id, node in nodes.items():
            self._silent_since.pop(rms_id, None)
            if node.grpc is None or self._lives.get(rms_id) == (node.boot_id, node.grpc):
                continue
            self._lives[rms_id] = (node.boot_id, node.grpc)
            task = asyncio.get_running_loop().create_task(self._outbox(rms_id).connect([node.grpc]))
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)

    def put(self, rms_id: str, items: Sequence[Item]) -> None:
        """Queues ``items`` for an RMS. Where the membership does not name it yet they wait for its address."""
        self._outbox(rms_id).put(items)

    def put_total(self, rms_id: str, video: str, viewers: int) -> None:
        """Has an RMS told how many watch ``video``. Without a stream to it nothing is: it is told all on the next."""
        outbox = self._outboxes.get(rms_id)
        if outbox is not None:
            outbox.put_total(video, viewers)

    async def abandon(self) -> None:
        """Gives up outboxes without member and stream for too long. To be called now and then."""
        now = self._clock()
        for rms_id, outbox in list(self._outboxes.items()):
            if rms_id in self._members or outbox.connected:
                self._silent_since.pop(rms_id, None)
            elif now - self._silent_since.setdefault(rms_id, now) >= self._abandon_after_s:
                _log.info("outbox_abandoned", rms=rms_id, reason=DropReason.RECEIVER_GONE, queued=outbox.queued)
                del self._outboxes[rms_id], self._silent_since[rms_id]
                self._lives.pop(rms_id, None)
                await outbox.aclose(DropReason.RECEIVER_GONE)

    async def aclose(self) -> None:
        """Ends all streams."""
        await asyncio.gather(*self._connecting)
        await asyncio.gather(*(outbox.aclose() for outbox in self._outboxes.values()))
        self._outboxes.clear()

    def _outbox(self, rms_id: str) -> Outbox:
        outbox = self._outboxes.get(rms_id)
        if outbox is None:
            outbox = self._outboxes[rms_id] = self._open_outbox(rms_id)
        return outbox
