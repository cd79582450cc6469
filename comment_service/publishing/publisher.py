"""Hands events to the dispatchers: one stream to each, a video keeps to one, nothing is lost on the way."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from prometheus_client import CollectorRegistry

from comment_service.publishing.dispatcher_link import DispatcherLink
from comment_service.publishing.heads import Heads
from comment_service.publishing.metrics import PublishMetrics
from comment_service.publishing.outbox import Message, PublishOutbox
from comment_service.publishing.reasons import PublishDropReason
from livecomments.v1 import event_pb2
from service_kit.grpc_client import OpenChannel, open_channel
from service_kit.tasks import end_tasks
from service_kit.video_id import is_video_id

if TYPE_CHECKING:
    from coordination.membership import MembershipView, NodeRecord

# A dispatcher refuses larger ones.
MAX_EVENT_DATA_BYTES = 64 * 1024
# What an event takes in memory beside its data: the message's arena and its place in the queues. Measured.
EVENT_OVERHEAD_BYTES = 1_000
# How often heads are looked for; a head is late by at most this.
HOUSEKEEPING_S = 0.2

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PublisherLimits:
    """What a publisher may hold. The defaults are the settings' defaults."""

    outbox_events: int = 50_000
    """Events and heads that may wait for a dispatcher's acknowledgement, in all."""
    outbox_bytes: int = 64 * 1024 * 1024
    """Bytes that those may take."""
    window: int = 4
    """Unacknowledged batches to one dispatcher."""
    ack_timeout_s: float = 2.0
    """A dispatcher that acknowledges nothing for so long counts as hung."""
    head_videos: int = 100_000
    """Videos whose last event id is remembered."""


class Publisher:
    """Streams events to the dispatchers of ``view``, a started ``MembershipView`` of ``Role.DISPATCHER``.

    ``origin`` names this process's life, its node and boot id. Events of one video reach a dispatcher in the order of
    their ``publish`` calls, at least once each, unless the bounded outbox overflows; then the oldest are dropped and
    counted, and receivers notice by ``previous_id`` or by the video's head.
    """

    def __init__(
        self,
        view: MembershipView,
        origin: str,
        registry: CollectorRegistry,
        limits: PublisherLimits | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        open_channel: OpenChannel = open_channel,
    ) -> None:
        self._view = view
        self._open_channel = open_channel
        self._origin = origin
        self._limits = limits = limits or PublisherLimits()
        self._clock = clock
        self._metrics = PublishMetrics(registry)
        self._outbox = PublishOutbox(limits.outbox_events, limits.outbox_bytes, clock=clock)
        self._heads = Heads(limits.head_videos)
        self._links: dict[tuple[str, str, str | None], DispatcherLink] = {}
        # Of dispatchers that left the membership with something still on the way to them.
        self._retired: list[DispatcherLink] = []
        self._unsubscribe: Callable[[], None] | None = None
        self._closed = False
        self._housekeeping: asyncio.Task[None] | None = None
        self._watch_queue()

    @property
    def queued(self) -> int:
        """Events and heads that no dispatcher has acknowledged yet."""
        return self._outbox.items

    @property
    def connected(self) -> int:
        """Dispatchers that can be reached."""
        return sum(link.connected for link in [*self._links.values(), *self._retired])

    async def start(self) -> None:
        """Connects to the dispatchers, now and as they come and go. ``view`` must have been started."""
        if self._housekeeping is None:
            self._unsubscribe = self._view.on_change(self._follow)
            self._follow(self._view.nodes)
            self._housekeeping = asyncio.create_task(self._keep_house())

    def publish(self, event: event_pb2.Event) -> None:
        """Queues ``event`` for the dispatchers and sets its ``origin`` and ``previous_id``. Never blocks.

        The event belongs to the publisher from here on. Raises ``ValueError`` where no dispatcher would take it: a
        malformed ``live_video_id``, no ``event_id`` or ``kind``, or more than 64 KiB of ``data``.
        """
        video, size = event.live_video_id, len(event.data)
        if not (is_video_id(video) and event.event_id and event.kind and size <= MAX_EVENT_DATA_BYTES):
            raise ValueError(f"not an event: {video!r}, id {event.event_id}, kind {event.kind}, {size} bytes")
        event.origin = self._origin
        event.previous_id = self._heads.published(video, event.event_id, self._clock())
        self._metrics.events.inc()
        self._add(video, event, size)

    async def aclose(self, drain_s: float = 5.0) -> None:
        """Waits up to ``drain_s`` seconds for what is queued to be acknowledged, then lets go.

        Heads that were to come are sent now: nobody else would notice that a last event was lost.
        """
        task, self._housekeeping = self._housekeeping, None
        if task is None:
            return
        await end_tasks(task)
        self._send_heads(self._heads.close())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(drain_s):
                await self._emptied()
        if self._unsubscribe is not None:
            self._unsubscribe()
        links = [*self._links.values(), *self._retired]
        self._links.clear()
        self._retired.clear()
        await asyncio.gather(*(link.aclose() for link in links))
        self._closed = True
        if self._outbox.items:
            _log.warning("events_given_up", reason=PublishDropReason.DRAIN_CUT_OFF, count=self._outbox.items)
            self._drop(PublishDropReason.DRAIN_CUT_OFF, self._outbox.items)

    def _follow(self, nodes: Mapping[str, NodeRecord]) -> None:
        wanted = {(node.node_id, node.boot_id, node.grpc): node for node in nodes.values() if node.grpc}
        for key in self._links.keys() - wanted.keys():
            link = self._links.pop(key)
            link.retire()
            self._retired.append(link)
        for key in wanted.keys() - self._links.keys():
            link = self._links[key] = DispatcherLink(
                wanted[key],
                self._outbox,
                self._metrics,
                clock=self._clock,
                window=self._limits.window,
                ack_timeout_s=self._limits.ack_timeout_s,
                open_channel=self._open_channel,
            )
            link.start()

    def _add(self, video: str, message: Message, size: int) -> None:
        if self._closed:
            self._drop(PublishDropReason.DRAIN_CUT_OFF, 1)
            return
        dropped = self._outbox.add(video, message, size + EVENT_OVERHEAD_BYTES)
        if dropped:
            self._drop(PublishDropReason.OUTBOX_FULL, dropped)

    def _drop(self, reason: PublishDropReason, count: int) -> None:
        self._metrics.dropped.labels(reason).inc(count)

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(HOUSEKEEPING_S)
            self._send_heads(self._heads.due(self._clock()))
            self._outbox.forget_settled()
            await self._let_go_of_retired()
            self._drop(PublishDropReason.TOO_MANY_VIDEOS, self._heads.take_forgotten())

    def _send_heads(self, heads: Iterable[tuple[str, int]]) -> None:
        for video, last_id in heads:
            self._metrics.heads.inc()
            self._add(video, event_pb2.Head(live_video_id=video, origin=self._origin, last_id=last_id), 0)

    async def _let_go_of_retired(self) -> None:
        """Closes the links of dispatchers that left once nothing is on the way to them.

        Not while they answer and no other does: after a long ZooKeeper outage all are gone from the membership for a
        moment.
        """
        replaced = any(link.connected for link in self._links.values())
        done = [link for link in self._retired if not link.connected or (replaced and link.idle)]
        self._retired = [link for link in self._retired if link not in done]
        await asyncio.gather(*(link.aclose() for link in done))

    async def _emptied(self) -> None:
        while self._outbox.items:  # noqa: ASYNC110 (once, at the end; the outbox is pure and signals nothing)
            await asyncio.sleep(0.01)

    def _watch_queue(self) -> None:
        metrics, outbox = self._metrics, self._outbox
        metrics.queued.set_function(lambda: outbox.items)
        metrics.queued_bytes.set_function(lambda: outbox.size_bytes)
        metrics.parked.set_function(lambda: outbox.parked)
        metrics.oldest_age.set_function(lambda: outbox.oldest_age_s)
        metrics.resent.set_function(lambda: outbox.resent)
        metrics.dispatchers.set_function(lambda: self.connected)
