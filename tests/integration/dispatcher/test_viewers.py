"""How many watch, all RMS nodes together: dispatchers are told by each and tell each."""

from __future__ import annotations

from typing import Any

from service_kit import rendezvous
from tests.integration.dispatcher.dispatch import Dispatch, event, publishing, routed
from tests.integration.dispatcher.recording_rms import RecordingRms
from tests.support.eventually import eventually

SOON: dict[str, Any] = {"viewers_every_s": 0.1, "viewers_grace_s": 0.2}


async def told(rms: RecordingRms, video: str, total: int) -> None:
    """Waits until an RMS was told that so many watch ``video``, and nothing else since."""
    await eventually(lambda: dict(rms.totals).get(video) == total, what=f"{rms.rms_id}: {total} viewers of {video}")


async def test_every_rms_that_serves_a_video_is_told_the_sum(dispatch: Dispatch) -> None:
    first, second = await dispatch.rms("rms-1", "a", "b"), await dispatch.rms("rms-2", "a")
    dispatcher = await dispatch.dispatcher(**SOON)
    await routed(dispatcher, "a", "rms-1", "rms-2")
    await first.report(a=3, b=7)
    await second.report(a=4)
    for rms in (first, second):
        await told(rms, "a", 7)
    await told(first, "b", 7)
    await first.report(a=0)
    for rms in (first, second):
        await told(rms, "a", 4)
    assert "b" not in dict(second.totals), "it does not serve it"


async def test_of_two_dispatchers_the_owner_tells(dispatch: Dispatch) -> None:
    videos = [f"video-{number}" for number in range(20)]
    rms = await dispatch.rms("rms-1", *videos)
    nodes = [await dispatch.dispatcher(name, **SOON) for name in ("dispatcher-1", "dispatcher-2")]
    for node in nodes:
        await routed(node, videos[-1], "rms-1")
    await rms.report(**dict.fromkeys(videos, 5))
    for video in videos:
        await told(rms, video, 5)
    assert sorted(rms.totals) == sorted((video, 5) for video in videos), "each was told once, by one of the two"
    owned = [video for video in videos if rendezvous.owner(video, ["dispatcher-1", "dispatcher-2"]) == "dispatcher-1"]
    assert 0 < len(owned) < len(videos)
    await nodes[0].drain()
    await nodes[0].aclose()
    await rms.report(**dict.fromkeys(videos, 6))
    for video in videos:
        await told(rms, video, 6)


async def test_an_rms_that_is_gone_counts_no_more(dispatch: Dispatch) -> None:
    stays, goes = await dispatch.rms("rms-1", "a"), await dispatch.rms("rms-2", "a")
    dispatcher = await dispatch.dispatcher(**SOON)
    await routed(dispatcher, "a", "rms-1", "rms-2")
    await stays.report(a=1)
    await goes.report(a=9)
    await told(stays, "a", 10)
    await goes.stop_listening()
    await told(stays, "a", 1)


async def test_an_rms_that_lives_anew_says_anew_and_is_told_anew(dispatch: Dispatch) -> None:
    other = await dispatch.rms("rms-2", "a")
    rms = await dispatch.rms("rms-1", "a", "b")
    dispatcher = await dispatch.dispatcher(**(SOON | {"viewers_grace_s": 5}))
    await routed(dispatcher, "a", "rms-1", "rms-2")
    await rms.report(a=5, b=2)
    await other.report(a=5)
    await told(rms, "a", 10)
    await told(rms, "b", 2)
    await rms.aclose()
    again = await dispatch.rms("rms-1", "a")
    await again.report(a=6)
    await told(again, "a", 11)
    await told(other, "a", 11)


async def test_an_rms_that_begins_to_serve_a_video_is_told_though_the_sum_hardly_changes(dispatch: Dispatch) -> None:
    full, spilled = await dispatch.rms("rms-1", "a"), await dispatch.rms("rms-2", "a")
    dispatcher = await dispatch.dispatcher(**SOON)
    await routed(dispatcher, "a", "rms-1", "rms-2")
    await full.report(a=20_000)
    await told(full, "a", 20_000)
    spilled.totals.clear()
    await spilled.report(a=1)
    await told(spilled, "a", 20_000)
    await spilled.report(a=200)
    await told(spilled, "a", 20_200)
    assert full.totals == [("a", 20_000), ("a", 20_200)], "one more of 20,000 is not worth telling"


async def test_totals_do_not_disturb_what_is_delivered(dispatch: Dispatch) -> None:
    rms = await dispatch.rms("rms-1", "a")
    dispatcher = await dispatch.dispatcher(**SOON)
    await routed(dispatcher, "a", "rms-1")
    async with publishing(dispatcher.grpc_address) as stream:
        for number in range(1, 30):
            await rms.report(a=number)
            await stream.send(event("a", number, number - 1))
    await told(rms, "a", 29)
    await eventually(lambda: rms.ids == list(range(1, 30)))


async def test_what_is_no_video_is_ignored(dispatch: Dispatch) -> None:
    rms = await dispatch.rms("rms-1", "a")
    dispatcher = await dispatch.dispatcher(**SOON)
    await routed(dispatcher, "a", "rms-1")
    await rms.report(**{"no video": 1, "": 1, "a": 2})
    await told(rms, "a", 2)
    assert rms.totals == [("a", 2)]


async def test_an_rms_without_a_route_is_told_too(dispatch: Dispatch) -> None:
    """Its route may wait for ZooKeeper while it serves viewers from the store."""
    rms = await dispatch.rms("rms-1")
    await dispatch.dispatcher(**SOON)
    await rms.report(a=3)
    await told(rms, "a", 3)


async def test_an_rms_that_takes_nothing_counts_as_hung_whatever_it_reports(dispatch: Dispatch) -> None:
    rms = await dispatch.rms("rms-1", "a")
    dispatcher = await dispatch.dispatcher(outbox_ack_timeout_s=0.5)
    await routed(dispatcher, "a", "rms-1")
    rms.hang()
    counted = 0

    async def reports_on_another_stream() -> bool:
        nonlocal counted
        counted += 1
        await rms.report(a=counted)
        return rms.streams_opened > 1

    async with publishing(dispatcher.grpc_address) as stream:
        await stream.send(event("a", 1))
        _: bool = await eventually(reports_on_another_stream, timeout_s=30, what="another stream")
        rms.go_on()
        await eventually(lambda: rms.ids_of("a") == [1])
