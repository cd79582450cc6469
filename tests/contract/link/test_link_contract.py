"""What every link must do (``rms/links/__init__.py``), over real connections."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from rms import frames
from rms.batch import Batch
from rms.links import Group, Short
from rms.reasons import CloseReason
from rms.viewer import Viewer
from tests.contract.link.harness import Harness, Peer, RecordingAudience
from tests.support.eventually import eventually

LARGE = bytes(range(256)) * 64  # 16 KiB, a pattern in which a lost or doubled byte shows


def batch_of(*payloads: bytes) -> Batch:
    return Batch(
        [frames.Frame("comment", 0, payload) for payload in payloads], list(range(len(payloads))), len(payloads)
    )


async def open_viewer(harness: Harness, audience: RecordingAudience) -> tuple[Viewer, Peer]:
    viewer, peer = await harness.open_viewer()
    viewer.audience = audience
    return viewer, peer


async def open_group(harness: Harness, audience: RecordingAudience, size: int) -> tuple[Group, list[Peer]]:
    viewers = [await open_viewer(harness, audience) for _ in range(size)]
    group = viewers[0][0].open_group()
    for viewer, _ in viewers:
        viewer.group = group
        group.add(viewer)
    return group, [peer for _, peer in viewers]


def fill(viewer: Viewer) -> bytes:
    """Offers until the viewer takes no more; returns what it took."""
    taken = b""
    while count := viewer.offer(LARGE):
        taken += LARGE[:count]
    return taken


async def turns(count: int = 5) -> None:
    """Lets the loop turn, for what must not happen."""
    for _ in range(count):
        await asyncio.sleep(0)


# -- bytes ----------------------------------------------------------------------------------------------------


async def test_what_is_offered_arrives_in_order_and_once(harness: Harness, audience: RecordingAudience) -> None:
    viewer, peer = await open_viewer(harness, audience)

    assert [viewer.offer(piece) for piece in (b"one ", b"two ", b"three")] == [4, 4, 5]

    assert await peer.read(13) == b"one two three"


async def test_a_group_is_sent_to_alike(harness: Harness, audience: RecordingAudience) -> None:
    group, peers = await open_group(harness, audience, 20)

    assert group.send(batch_of(b"first ", b"second ")) == []
    assert group.send(batch_of(b"third")) == []

    assert [await peer.read(18) for peer in peers] == [b"first second third"] * 20


async def test_offers_and_group_sends_keep_their_order(harness: Harness, audience: RecordingAudience) -> None:
    viewer, peer = await open_viewer(harness, audience)
    group = viewer.open_group()

    viewer.offer(b"opening ")
    group.add(viewer)
    group.send(batch_of(b"live "))
    group.discard(viewer)
    viewer.offer(b"catching up")

    assert await peer.read(24) == b"opening live catching up"


async def test_a_viewer_that_does_not_read_takes_a_part_and_is_told_of(
    harness: Harness, audience: RecordingAudience
) -> None:
    group, (slow, *fast) = await open_group(harness, audience, 4)
    slow_viewer = next(iter(group.viewers()))
    sent, taken = b"", 0

    short: Sequence[Short] = []
    while not short:
        short = group.send(batch_of(LARGE))
        sent += LARGE
        taken += len(LARGE) if not short else short[0][1]
        for peer in fast:
            assert await peer.read(len(LARGE)) == LARGE

    assert [viewer for viewer, _ in short] == [slow_viewer]
    assert 0 <= short[0][1] < len(LARGE)
    assert len(group) == 4, "the link leaves the membership alone"
    assert await slow.read(taken) == sent[:taken]


async def test_what_was_not_taken_is_forgotten(harness: Harness, audience: RecordingAudience) -> None:
    viewer, peer = await open_viewer(harness, audience)
    taken = fill(viewer)
    viewer.await_room()

    reading = asyncio.create_task(peer.read(len(taken)))
    await eventually(lambda: audience.rooms)
    assert await reading == taken
    assert viewer.offer(b"next") == 4
    assert await peer.read(4) == b"next"


async def test_what_one_viewer_leaves_unread_is_bounded(harness: Harness, audience: RecordingAudience) -> None:
    viewer, _ = await open_viewer(harness, audience)

    assert len(fill(viewer)) < 4 * 1024 * 1024


# -- groups ---------------------------------------------------------------------------------------------------


async def test_members_come_and_go_between_sends(harness: Harness, audience: RecordingAudience) -> None:
    (one, one_peer), (two, two_peer) = [await open_viewer(harness, audience) for _ in range(2)]
    group = one.open_group()
    assert (len(group), list(group.viewers()), group.busy) == (0, [], False)
    assert group.link is one.link is two.link

    group.add(one)
    group.send(batch_of(b"a"))
    group.add(two)
    group.send(batch_of(b"b"))
    group.discard(one)
    group.discard(one)
    group.send(batch_of(b"c"))

    assert list(group.viewers()) == [two]
    assert await one_peer.read(2) == b"ab"
    assert await two_peer.read(2) == b"bc"
    one.close()
    assert await one_peer.read_to_end() == b""


# -- room -----------------------------------------------------------------------------------------------------


async def test_room_is_reported_only_when_asked_for(harness: Harness, audience: RecordingAudience) -> None:
    viewer, peer = await open_viewer(harness, audience)

    await peer_reads_all(peer, fill(viewer))
    await turns()

    assert audience.rooms == []


async def test_room_is_reported_once_the_viewer_reads(harness: Harness, audience: RecordingAudience) -> None:
    viewer, peer = await open_viewer(harness, audience)
    taken = fill(viewer)
    viewer.await_room()
    await turns()
    assert audience.rooms == []

    await peer_reads_all(peer, taken)

    await eventually(lambda: audience.rooms == [viewer])


async def test_room_that_is_there_already_is_reported_in_a_later_turn(
    harness: Harness, audience: RecordingAudience
) -> None:
    viewer, _ = await open_viewer(harness, audience)

    audience.calling_link = True
    viewer.await_room()
    audience.calling_link = False

    await eventually(lambda: audience.rooms == [viewer])


async def test_room_is_reported_until_no_more_is_wanted(harness: Harness, audience: RecordingAudience) -> None:
    viewer, _ = await open_viewer(harness, audience)
    audience.wants_more = True
    viewer.await_room()
    viewer.await_room()
    await eventually(lambda: len(audience.rooms) >= 3)

    audience.wants_more = False
    seen = len(audience.rooms)
    await eventually(lambda: len(audience.rooms) > seen)
    seen = len(audience.rooms)
    await turns()
    assert len(audience.rooms) == seen

    viewer.await_room()
    await eventually(lambda: len(audience.rooms) == seen + 1)


# -- ends -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["hang_up", "reset"])
async def test_an_end_from_outside_is_reported_once(harness: Harness, audience: RecordingAudience, how: str) -> None:
    viewer, peer = await open_viewer(harness, audience)
    stays, stays_peer = await open_viewer(harness, audience)

    getattr(peer, how)()

    await eventually(lambda: audience.ended)
    await turns()
    assert audience.ended == [(viewer, CloseReason.HUNG_UP)]
    assert viewer.closed
    assert not stays.closed
    assert stays.offer(b"still here") == 10
    assert await stays_peer.read(10) == b"still here"


@pytest.mark.parametrize("how", ["hang_up", "reset"])
async def test_an_end_is_reported_of_a_viewer_that_is_behind(
    harness: Harness, audience: RecordingAudience, how: str
) -> None:
    viewer, peer = await open_viewer(harness, audience)
    fill(viewer)
    viewer.await_room()

    getattr(peer, how)()

    await eventually(lambda: audience.ended == [(viewer, CloseReason.HUNG_UP)])


async def test_sending_to_a_broken_connection_neither_raises_nor_reports(
    harness: Harness, audience: RecordingAudience
) -> None:
    group, (broken, fine) = await open_group(harness, audience, 2)
    broken.reset()

    audience.calling_link = True
    for _ in range(3):
        group.send(batch_of(b"hello "))
        next(iter(group.viewers())).offer(b"hello ")
    audience.calling_link = False

    assert await fine.read(18) == b"hello " * 3
    await eventually(lambda: audience.ended == [(next(iter(group.viewers())), CloseReason.HUNG_UP)])


async def test_a_viewer_without_an_audience_that_ends_is_marked(harness: Harness) -> None:
    viewer, peer = await harness.open_viewer()

    peer.hang_up()

    await eventually(lambda: viewer.closed)
    assert len(harness.link) == 0


async def test_closing_sends_what_was_taken_and_reports_nothing(harness: Harness, audience: RecordingAudience) -> None:
    viewer, peer = await open_viewer(harness, audience)
    taken = fill(viewer)
    assert len(harness.link) == 1

    viewer.close()
    viewer.close()

    assert viewer.closed
    assert len(harness.link) == 0
    assert await peer.read_to_end() == taken
    await turns()
    assert audience.ended == []
    assert audience.rooms == []


async def test_a_viewer_closed_while_its_events_wait_hears_of_none(
    harness: Harness, audience: RecordingAudience
) -> None:
    viewer, peer = await open_viewer(harness, audience)
    viewer.await_room()
    peer.hang_up()

    viewer.close()

    await turns()
    assert audience.ended == []
    assert audience.rooms == []


async def test_closing_the_link_ends_every_viewer_without_a_word(harness: Harness, audience: RecordingAudience) -> None:
    opened = [await open_viewer(harness, audience) for _ in range(3)]

    await harness.link.aclose()
    await harness.link.aclose()

    assert [viewer.closed for viewer, _ in opened] == [True] * 3
    assert [await peer.read_to_end() for _, peer in opened] == [b""] * 3
    assert audience.ended == []
    assert len(harness.link) == 0


async def peer_reads_all(peer: Peer, taken: bytes) -> None:
    assert await peer.read(len(taken)) == taken
