"""A publisher, dispatchers and recording RMS nodes, over real gRPC and ZooKeeper."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from comment_service.publishing.publisher import Publisher, PublisherLimits
from livecomments.v1 import event_pb2
from tests.integration.dispatcher.dispatch import Dispatch, event, routed
from tests.integration.dispatcher.recording_rms import RecordingRms
from tests.support.eventually import eventually

ORIGIN = "comment-service-1/5f3a"
VIDEOS = [f"video-{number}" for number in range(20)]
PREFIX = "livecomments_comment_service_publish"


class Published:
    """A publisher with its metrics, and what was given to it."""

    def __init__(self, publisher: Publisher, registry: CollectorRegistry) -> None:
        self.publisher = publisher
        self.registry = registry
        self.by_video: dict[str, list[int]] = {}

    def publish(self, video: str, event_id: int) -> None:
        self.publisher.publish(event(video, event_id))
        self.by_video.setdefault(video, []).append(event_id)

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"{PREFIX}_{name}", labels) or 0.0

    def all_arrived(self, *nodes: RecordingRms) -> bool:
        return all(any(set(sent) <= set(node.ids_of(video)) for node in nodes) for video, sent in self.by_video.items())

    def check_order(self, *nodes: RecordingRms) -> None:
        """Each video's events, repeats aside, arrived in the order of their publication."""
        for video, sent in self.by_video.items():
            for node in nodes:
                assert node.ids_of(video) in ([], sent)


@asynccontextmanager
async def publishing(
    dispatch: Dispatch,
    limits: PublisherLimits | None = None,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[Published]:
    registry = CollectorRegistry()
    publisher = Publisher(await dispatch.view(), ORIGIN, registry, limits, clock=clock)
    await publisher.start()
    try:
        yield Published(publisher, registry)
    finally:
        await publisher.aclose(drain_s=0.0)


async def reachable(published: Published, count: int) -> None:
    await eventually(lambda: published.publisher.connected == count, what=f"{count} dispatchers reached")


async def test_events_arrive_once_and_in_order_over_two_dispatchers(dispatch: Dispatch) -> None:
    one = await dispatch.rms("rms-1", *VIDEOS[:10])
    two = await dispatch.rms("rms-2", *VIDEOS[10:])
    first, second = await dispatch.dispatcher("dispatcher-1"), await dispatch.dispatcher("dispatcher-2")
    for dispatcher in (first, second):
        await routed(dispatcher, VIDEOS[0], "rms-1")
        await routed(dispatcher, VIDEOS[-1], "rms-2")
    async with publishing(dispatch) as published:
        await reachable(published, 2)
        for number in range(1, 1001):
            published.publish(VIDEOS[number % 20], number)
            if number % 50 == 0:
                await asyncio.sleep(0)
        await eventually(lambda: published.all_arrived(one, two))
        await eventually(lambda: published.publisher.queued == 0)
    published.check_order(one, two)
    assert len(one.ids) + len(two.ids) == 1000
    assert one.streams == two.streams == 2
    assert {event.origin for event in one.events} == {ORIGIN}


async def test_each_event_names_the_one_before_it(dispatch: Dispatch) -> None:
    rms = await dispatch.rms("rms-1", "a", "b")
    await routed(await dispatch.dispatcher(), "a", "rms-1")
    async with publishing(dispatch) as published:
        for event_id, video in [(1, "a"), (2, "b"), (3, "a"), (4, "a")]:
            published.publish(video, event_id)
        await eventually(lambda: published.all_arrived(rms))
    chain = [(event.event_id, event.previous_id) for event in rms.events]
    assert chain == [(1, 0), (2, 0), (3, 1), (4, 3)]


async def test_a_dispatcher_killed_in_the_middle_loses_nothing(dispatch: Dispatch) -> None:
    rms = await dispatch.rms("rms-1", *VIDEOS)
    killed = await dispatch.dispatcher_process("dispatcher-1")
    await routed(await dispatch.dispatcher("dispatcher-2"), VIDEOS[0], "rms-1")
    await eventually(lambda: rms.streams == 2)
    async with publishing(dispatch) as published:
        await reachable(published, 2)
        await publish_while(published, killed.kill9, rms)
        await eventually(lambda: published.all_arrived(rms))
        await eventually(lambda: published.publisher.queued == 0)
        assert published.metric("resent") > 0
    published.check_order(rms)


async def test_a_dispatcher_killed_with_acknowledged_events_in_its_outboxes_loses_nothing(dispatch: Dispatch) -> None:
    rms = await dispatch.rms("rms-1", *VIDEOS)
    killed = await dispatch.dispatcher_process("dispatcher-1")
    await eventually(lambda: rms.streams == 1)
    rms.hang()
    # Time stands still, so "a moment ago" does not depend on how fast this machine is.
    async with publishing(dispatch, clock=lambda: 100.0) as published:
        await reachable(published, 1)
        for number in range(1, 201):
            published.publish(VIDEOS[number % 20], number)
        await eventually(lambda: published.publisher.queued == 0)
        assert rms.ids == []
        await killed.kill9()
        await routed(await dispatch.dispatcher("dispatcher-2"), VIDEOS[0], "rms-1")
        rms.go_on()
        await eventually(lambda: published.all_arrived(rms))
    published.check_order(rms)


async def test_a_hung_dispatcher_holds_nothing_up(dispatch: Dispatch) -> None:
    rms = await dispatch.rms("rms-1", *VIDEOS)
    hung = await dispatch.dispatcher_process("dispatcher-1")
    await routed(await dispatch.dispatcher("dispatcher-2"), VIDEOS[0], "rms-1")
    await eventually(lambda: rms.streams == 2)

    async def pause() -> None:
        hung.pause()

    async with publishing(dispatch, PublisherLimits(ack_timeout_s=0.5)) as published:
        await reachable(published, 2)
        await publish_while(published, pause, rms)
        await eventually(lambda: published.all_arrived(rms))
        await eventually(lambda: published.publisher.queued == 0)
    published.check_order(rms)


async def publish_while(
    published: Published, harm: Callable[[], Coroutine[Any, Any, object]], rms: RecordingRms
) -> None:
    """Publishes 1,000 events before, while and after ``harm`` is done, the first of them having arrived."""
    for number in range(1, 201):
        published.publish(VIDEOS[number % 20], number)
    await eventually(lambda: len(rms.ids) > 50)
    for number in range(201, 501):
        published.publish(VIDEOS[number % 20], number)
    task = asyncio.create_task(harm())
    for number in range(501, 1001):
        published.publish(VIDEOS[number % 20], number)
        if number % 10 == 0:
            await asyncio.sleep(0)
    await task


async def test_a_dispatcher_that_drains_loses_nothing_and_is_left(dispatch: Dispatch) -> None:
    rms = await dispatch.rms("rms-1", *VIDEOS)
    leaving = await dispatch.dispatcher_process("dispatcher-1")
    await routed(await dispatch.dispatcher("dispatcher-2"), VIDEOS[0], "rms-1")
    await eventually(lambda: rms.streams == 2)
    async with publishing(dispatch) as published:
        await reachable(published, 2)
        await publish_while(published, lambda: leaving.stop(grace_s=15), rms)
        await eventually(lambda: published.all_arrived(rms))
        await eventually(lambda: published.publisher.queued == 0)
        assert leaving.returncode == 0
        await reachable(published, 1)
        assert published.metric("resent") == 0
    published.check_order(rms)


async def test_without_a_dispatcher_events_wait_and_the_metrics_say_so(dispatch: Dispatch) -> None:
    rms = await dispatch.rms("rms-1", *VIDEOS)
    async with publishing(dispatch) as published:
        for number in range(1, 101):
            published.publish(VIDEOS[number % 20], number)
        assert published.metric("dispatchers") == 0
        assert published.metric("parked") == published.metric("queued") == 100
        assert published.metric("oldest_age_seconds") > 0
        await dispatch.dispatcher()
        await eventually(lambda: published.all_arrived(rms))
        await eventually(lambda: published.metric("queued") == 0)
        assert published.metric("dispatchers") == 1
    published.check_order(rms)


async def test_over_the_bound_the_oldest_are_dropped_and_counted(dispatch: Dispatch) -> None:
    rms = await dispatch.rms("rms-1", "a")
    began = time.monotonic()  # and there it stands, since a head, due after a second, would push an event out
    async with publishing(dispatch, PublisherLimits(outbox_events=10), clock=lambda: began) as published:
        for number in range(1, 31):
            published.publisher.publish(event("a", number))
        assert published.metric("dropped_total", reason="outbox_full") == 20
        await dispatch.dispatcher()
        await eventually(lambda: rms.ids_of("a") == list(range(21, 31)))
    # What is missing can be told.
    assert rms.events[0].previous_id == 20


async def test_heads_follow_one_and_three_seconds_after_a_video_goes_quiet(dispatch: Dispatch) -> None:
    rms = await dispatch.rms("rms-1", "a")
    await routed(await dispatch.dispatcher(), "a", "rms-1")
    ahead_s = 0.0
    async with publishing(dispatch, clock=lambda: time.monotonic() + ahead_s) as published:
        published.publish("a", 7)
        await eventually(lambda: rms.ids == [7])
        ahead_s = 1.0
        await eventually(lambda: len(rms.heads) == 1)
        ahead_s = 3.0
        await eventually(lambda: len(rms.heads) == 2)
    head = event_pb2.Head(live_video_id="a", origin=ORIGIN, last_id=7)
    assert rms.heads == [head, head]


async def test_closing_hands_on_what_waits_and_the_heads_to_come(dispatch: Dispatch) -> None:
    rms = await dispatch.rms("rms-1", *VIDEOS)
    await routed(await dispatch.dispatcher(), VIDEOS[0], "rms-1")
    async with publishing(dispatch) as published:
        await reachable(published, 1)
        for number in range(1, 501):
            published.publish(VIDEOS[number % 20], number)
        await published.publisher.aclose(drain_s=10.0)
        await eventually(lambda: published.all_arrived(rms))
        await eventually(lambda: {head.last_id for head in rms.heads} == set(range(481, 501)))
        published.publisher.publish(event("a", 1000))
        assert published.metric("dropped_total", reason="drain_cut_off") == 1


@pytest.mark.parametrize(
    "wrong",
    [
        event("no video id", 1),
        event("a", 0),
        event("a", 1, data=b"x" * 70_000),
        event_pb2.Event(live_video_id="a", event_id=1, data=b"{}"),
    ],
)
async def test_what_no_dispatcher_takes_is_refused_at_once(dispatch: Dispatch, wrong: event_pb2.Event) -> None:
    async with publishing(dispatch) as published:
        with pytest.raises(ValueError, match="not an event"):
            published.publisher.publish(wrong)
        assert published.publisher.queued == 0
