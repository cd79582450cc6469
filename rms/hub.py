"""The videos that a node serves: opened by their first viewer, closed a while after the last."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol

from coordination.ids import clock_ms, first_id_at_ms
from rms.admission import Admission
from rms.ages import Ages
from rms.backfill import Backfill
from rms.channel import Channel
from rms.feed import Feed, Item
from rms.frames import Frame, viewers_frame
from rms.joining import Joiner, Joining
from rms.metrics import ServiceMetrics
from rms.reasons import CloseReason, RefusalReason
from rms.repair import Repairs
from rms.viewer import Viewer
from rms.viewer_counts import ViewerCounts

if TYPE_CHECKING:
    from coordination.routes import RouteRegistrar

# What was made this long before a channel opens may not be stored yet, and so not be in its backfill.
COVERAGE_SLACK_MS = 5000
# How long the ring of a video that has ended serves those who come late; meanwhile it is polled.
ENDED_LINGER_S = 2.0
# Waiting viewers joined before the loop serves others.
SLICE = 20


class NewChannel(Protocol):
    """Makes the channel of a video; ``on_detach`` is to be called for each viewer that leaves it."""

    def __call__(self, video: str, on_detach: Callable[[Viewer, CloseReason], None]) -> Channel: ...


@dataclass(frozen=True, slots=True)
class HubLimits:
    """What a hub may hold. The defaults are the settings' defaults."""

    max_channels: int = 100_000
    """Videos served at once."""
    max_opening: int = 2_000
    """Videos whose backfill is under way."""
    max_held: int = 2_000
    """Events held for a video that opens or is repaired."""
    linger_s: float = 30.0
    """How long a video without viewers keeps its route, so that a reload does not flap."""


@dataclass(slots=True, eq=False)
class _Served:
    """A video that is served."""

    feed: Feed
    joiners: list[Joiner] = field(default_factory=list)
    """Those who wait for the channel to open."""
    viewers: int = 0
    """Taken in, joined or not."""
    closing: asyncio.TimerHandle | None = None
    announced: bool = False
    """Dispatchers have had its route."""


class Hub:
    """Knows every channel of the node.

    The first viewer of a video opens its channel: its route is announced and its history read at the same time, and
    viewers who come meanwhile wait. Later viewers are served from the ring. ``counts`` is kept up to date.
    ``on_announced_anew(feed)`` is called where dispatchers had forgotten a feed's route and can have it again.

    ``clock_ms`` gives milliseconds since 1970.
    """

    def __init__(
        self,
        *,
        new_channel: NewChannel,
        registrar: RouteRegistrar,
        admission: Admission,
        backfill: Backfill,
        repairs: Repairs,
        joining: Joining,
        ages: Ages,
        counts: ViewerCounts,
        metrics: ServiceMetrics,
        limits: HubLimits | None = None,
        clock_ms: Callable[[], int] = clock_ms,
    ) -> None:
        self._new_channel = new_channel
        self._registrar = registrar
        registrar.on_announced(self._on_announced)
        self.on_announced_anew: Callable[[Feed], None] = lambda feed: None
        self._admission = admission
        self._backfill = backfill
        self._repairs = repairs
        self._joining = joining
        joining.on_gone = self._on_gone
        self._ages = ages
        self._counts = counts
        self._metrics = metrics
        self._limits = limits or HubLimits()
        self._clock_ms = clock_ms
        self._served: dict[str, _Served] = {}
        self._draining = False
        self.displaced = False
        """Another process has this node's id: no dispatcher delivers here, and no viewer is taken in."""
        self.viewers = 0
        """Taken in, joined or not."""

    def __len__(self) -> int:
        """Videos served."""
        return len(self._served)

    # -- viewers -------------------------------------------------------------------------------------------------

    def refusal(self, video: str) -> RefusalReason | None:
        """Why a viewer of ``video`` cannot be taken in now; None where it can, by ``join`` in the same turn."""
        if self._draining:
            return RefusalReason.DRAINING
        if self.displaced:
            return RefusalReason.DISPLACED
        served = self._served.get(video)
        if served is None and (
            len(self._served) >= self._limits.max_channels or self._backfill.opening >= self._limits.max_opening
        ):
            return RefusalReason.CHANNELS_FULL
        return self._admission.refusal(self.viewers, served.viewers if served else 0)

    def join(self, video: str, joiner: Joiner) -> None:
        """Takes a viewer in. It joins now, or as soon as the channel has opened."""
        served = self._served.get(video) or self._open(video)
        if served.closing is not None:
            served.closing.cancel()
            served.closing = None
        self.viewers += 1
        served.viewers += 1
        self._counts.set(video, served.viewers)
        self._ages.add(joiner.viewer, joiner.max_age_s)
        if served.feed.opened:
            self._joining.join(served.feed, joiner)
        else:
            self._metrics.waiting_viewers.inc()
            served.joiners.append(joiner)

    # -- what comes in -------------------------------------------------------------------------------------------

    def deliver(self, item: Item) -> bool:
        """Takes an event or a head for its video's channel. False: the video is not served here."""
        served = self._served.get(item.live_video_id)
        if served is None:
            return False
        served.feed.deliver(item)
        return True

    def show_viewers(self, video: str, total: int) -> None:
        """So many watch ``video``, all nodes together. Of no use where it is not served here any more."""
        served = self._served.get(video)
        if served is not None:
            served.feed.channel.publish(viewers_frame(total))

    def unannounced(self) -> Iterator[Feed]:
        """Open feeds whose route no dispatcher has, so that nothing is delivered to them.

        Those of videos that have ended are among them: what they ended with can still be edited and deleted.
        """
        for video, served in self._served.items():
            routed = self._registrar.is_announced(video) and not self.displaced
            if served.feed.opened and not routed:
                yield served.feed

    def open_feeds(self) -> list[Feed]:
        """The feeds that are live, those with the newest comment first."""
        feeds = [served.feed for served in self._served.values() if served.feed.opened and not served.feed.ended]
        return sorted(feeds, key=lambda feed: feed.channel.newest_id or 0, reverse=True)

    # -- the end -------------------------------------------------------------------------------------------------

    def drain(self) -> None:
        """Takes no more viewers, for good."""
        self._draining = True

    async def send_away(self, reason: CloseReason, farewell: Callable[[], Frame], spread_s: float) -> None:
        """Says ``farewell()`` to those who are here and closes them, evenly over ``spread_s``."""
        channels = [served.feed.channel for served in self._served.values()]
        await asyncio.gather(*(channel.close_all(reason, farewell, spread_s=spread_s) for channel in channels))

    async def aclose(self) -> None:
        """Closes every channel. Idempotent."""
        self._draining = True
        await self._joining.aclose()
        for video in list(self._served):
            self._close(video)

    # -- channels ------------------------------------------------------------------------------------------------

    def _open(self, video: str) -> _Served:
        self._registrar.announce(video)
        channel = self._new_channel(video, partial(self._on_detach, video))
        feed = Feed(
            channel,
            covered_to=first_id_at_ms(self._clock_ms() - COVERAGE_SLACK_MS),
            max_held=self._limits.max_held,
            metrics=self._metrics,
            on_hole=self._repairs.begin,
            on_end=self._on_end,
        )
        served = self._served[video] = _Served(feed)
        self._metrics.channels.set(len(self._served))
        self._backfill.begin(feed, self._on_open)
        return served

    async def _on_open(self, feed: Feed) -> None:
        joiners = self._served[feed.video].joiners
        while joiners:
            for joiner in joiners[:SLICE]:
                self._joining.join(feed, joiner)
            self._metrics.waiting_viewers.dec(len(joiners[:SLICE]))
            del joiners[:SLICE]
            await asyncio.sleep(0)

    def _on_announced(self, video: str) -> None:
        served = self._served.get(video)
        if served is None:
            return
        if served.announced and served.feed.opened:
            self.on_announced_anew(served.feed)
        served.announced = True

    def _on_end(self, feed: Feed) -> None:
        """The video is over: there is nothing to be sent here any more."""
        self._registrar.withdraw(feed.video)
        served = self._served[feed.video]
        if served.closing is not None:
            self._close_later(served)

    def _on_detach(self, video: str, viewer: Viewer, _: CloseReason) -> None:
        self._ages.discard(viewer)
        self._leave(video)

    def _on_gone(self, feed: Feed, viewer: Viewer) -> None:
        self._on_detach(feed.video, viewer, CloseReason.HUNG_UP)

    def _leave(self, video: str) -> None:
        self.viewers -= 1
        served = self._served.get(video)
        if served is None:
            return
        served.viewers -= 1
        self._counts.set(video, served.viewers)
        if not served.viewers and not self._draining:
            self._close_later(served)

    def _close_later(self, served: _Served) -> None:
        if served.closing is not None:
            served.closing.cancel()
        linger_s = self._limits.linger_s
        if served.feed.ended:
            linger_s = min(linger_s, ENDED_LINGER_S)
        served.closing = asyncio.get_running_loop().call_later(linger_s, self._close, served.feed.video)

    def _close(self, video: str) -> None:
        served = self._served.pop(video)
        if served.closing is not None:
            served.closing.cancel()
        self._registrar.withdraw(video)
        self._backfill.forget(served.feed)
        self._repairs.forget(served.feed)
        for joiner in served.joiners:
            joiner.viewer.close()
            self._on_gone(served.feed, joiner.viewer)
        self._metrics.waiting_viewers.dec(len(served.joiners))
        served.feed.channel.close()
        self._metrics.channels.set(len(self._served))
