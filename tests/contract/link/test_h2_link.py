"""What only a link of HTTP/2 streams has to do: windows, the connection's own frames, bounds, its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from rms import frames as sse
from rms.batch import Batch
from rms.links import h2_frames as frames
from rms.links.h2_connection import H2Limits
from rms.links.h2_frames import ErrorCode, Setting
from rms.links.h2_headers import H2Request, head_block
from rms.reasons import CloseReason, LinkEnd
from rms.viewer import Viewer
from tests.contract.link.h2_harness import H2Harness
from tests.contract.link.harness import RecordingAudience
from tests.support.eventually import eventually
from tests.support.h2_client import REQUEST

Open = Callable[..., Awaitable[H2Harness]]
MEGABYTE = bytes(1024 * 1024)


@pytest_asyncio.fixture
async def open_link() -> AsyncIterator[Open]:
    links: list[H2Harness] = []

    async def open_link(limits: H2Limits | None = None, *, connection_window: int = 2**30) -> H2Harness:
        links.append(await H2Harness(limits, connection_window=connection_window).start())
        return links[-1]

    yield open_link
    for link in links:
        await link.aclose()


def batch_of(payload: bytes) -> Batch:
    return Batch([sse.Frame("comment", 0, payload)], [0], 1)


async def turn() -> None:
    await asyncio.sleep(0)


class Ready(RecordingAudience):
    def __init__(self) -> None:
        super().__init__()
        self.ready = 0

    def on_link_ready(self) -> None:
        self.ready += 1


# -- streams and windows --------------------------------------------------------------------------------------


async def test_a_stream_begins_with_the_headers_and_ends_in_order(open_link: Open) -> None:
    link = await open_link()
    viewer, peer = await link.open_viewer()
    assert peer.status == 200
    assert peer.headers["content-type"] == "text/event-stream"
    viewer.offer(b"hello")
    viewer.close()
    assert await peer.read_to_end() == b"hello"
    assert peer.reset_by is None


async def test_a_payload_larger_than_a_frame_is_cut(open_link: Open) -> None:
    link = await open_link()
    link.client.set_initial_window(1 << 20)
    viewer, peer = await link.open_viewer()
    payload = bytes(range(256)) * 300
    group = viewer.open_group()
    group.add(viewer)
    assert group.send(batch_of(payload)) == []
    assert await peer.read(len(payload)) == payload


async def test_a_new_initial_window_moves_those_of_open_streams(open_link: Open, audience: RecordingAudience) -> None:
    link = await open_link()
    viewer, peer = await link.open_viewer()
    viewer.audience = audience
    assert viewer.offer(MEGABYTE) == frames.DEFAULT_WINDOW
    viewer.await_room()
    link.client.set_initial_window(frames.DEFAULT_WINDOW + 100)
    await eventually(lambda: audience.rooms == [viewer])
    assert viewer.offer(MEGABYTE) == 100
    link.client.set_initial_window(1_000)
    await eventually(lambda: link.client.connection.local_settings.initial_window_size == 1_000)
    assert viewer.offer(b"x") == 0
    assert len(await peer.read(frames.DEFAULT_WINDOW + 100)) == frames.DEFAULT_WINDOW + 100


async def test_a_spent_connection_window_makes_the_link_busy(open_link: Open) -> None:
    link = await open_link(connection_window=65_535)
    audience = Ready()
    (one, one_peer), (two, two_peer) = [await link.open_viewer() for _ in range(2)]
    one.audience = two.audience = audience
    group = one.open_group()
    group.add(one)
    group.add(two)
    short = group.send(batch_of(bytes(40_000)))
    assert [taken for _, taken in short] == [65_535 - 40_000]
    assert group.busy
    assert link.link.busy
    assert audience.ready == 0
    await one_peer.read(40_000)
    await eventually(lambda: audience.ready == 1)
    assert not group.busy
    assert len(await two_peer.read(25_535)) == 25_535


async def test_a_full_way_out_makes_the_link_busy_and_is_bounded(open_link: Open) -> None:
    limits = H2Limits(choke_bytes=64 * 1024, max_buffered_bytes=4 * 1024 * 1024)
    link = await open_link(limits)
    link.client.set_initial_window(2**30)
    audience = Ready()
    opened = [await link.open_viewer() for _ in range(4)]
    group = opened[0][0].open_group()
    for viewer, _ in opened:
        viewer.audience = audience
        group.add(viewer)
    link.client.pause()
    sent = 0
    while not group.busy:
        group.send(batch_of(MEGABYTE))
        sent += 1
        assert sent < 100
        await turn()
    assert opened[0][0].offer(b"x") == 0
    assert audience.ready == 0
    link.client.resume()
    await eventually(lambda: audience.ready == 1)
    assert not group.busy
    assert opened[0][0].offer(b"x") == 1


async def test_one_slow_link_holds_up_no_other(open_link: Open) -> None:
    slow, fast = await open_link(), await open_link()
    stuck, _ = await slow.open_viewer()
    slow.client.pause()
    while stuck.offer(MEGABYTE):
        await turn()
    viewer, peer = await fast.open_viewer()
    assert viewer.offer(b"hello") == 5
    assert await peer.read(5) == b"hello"


# -- requests -------------------------------------------------------------------------------------------------


async def test_streams_beyond_the_limit_are_refused(open_link: Open) -> None:
    link = await open_link(H2Limits(max_streams=2))
    assert link.client.connection.remote_settings.max_concurrent_streams != 2
    kept = [await link.open_viewer() for _ in range(2)]
    assert link.client.connection.remote_settings.max_concurrent_streams == 2
    link.client.connection.remote_settings.pop(Setting.MAX_CONCURRENT_STREAMS)
    refused = link.client.request()
    await eventually(lambda: refused.reset_by == ErrorCode.REFUSED_STREAM)
    assert link.refused == 1
    kept[0][0].close()
    assert (await link.open_viewer())[1].status == 200


@pytest.mark.parametrize(
    ("body", "has_body"), [([b""], False), ([b"abc"], True), ([b"a", b"b", b""], True), ([bytes(16_000)] * 4, True)]
)
async def test_a_request_with_a_body_is_known_by_what_comes(open_link: Open, body: list[bytes], has_body: bool) -> None:
    link = await open_link()
    peer = link.client.request(end_stream=False)
    for piece in body[:-1]:
        link.client.connection.send_data(peer.stream_id, piece)
    link.client.connection.send_data(peer.stream_id, body[-1], end_stream=True)
    link.client.flush()
    await eventually(lambda: link.requests)
    assert [request.has_body for request in link.requests] == [has_body]
    assert (await link.open_viewer())[1].status == 200


async def test_header_text_that_is_not_utf_8_harms_nobody(open_link: Open) -> None:
    link = await open_link()
    block = head_block(200, (("last-event-id", "\xe9"),))[2:]
    block = b"\x82\x86\x84" + block  # GET, http, /
    link.client.send(frames.pack(frames.HEADERS, frames.END_HEADERS | frames.END_STREAM, 1, block))
    await eventually(lambda: link.requests)
    assert link.requests[0].headers == [("last-event-id", "\xe9")]


# -- the connection's own -------------------------------------------------------------------------------------


async def test_a_ping_is_answered(open_link: Open) -> None:
    link = await open_link()
    link.client.connection.ping(b"12345678")
    link.client.flush()
    await eventually(lambda: link.client.pongs == [b"12345678"])


async def test_draining_lets_streams_finish_and_says_which_was_the_last(open_link: Open) -> None:
    link = await open_link()
    viewer, _ = await link.open_viewer()
    link.client.send(b"")  # PyPI's h2 takes the first GOAWAY for the end
    link.link.drain()
    link.link.drain()
    await eventually(lambda: link.client.frames[-1][0] == frames.PING)
    assert link.client.goaways == [(frames.MAX_STREAM_ID, 0)]
    on_its_way = frames.pack(frames.HEADERS, frames.END_HEADERS | frames.END_STREAM, 3, b"\x82\x86\x84")
    link.client.send(on_its_way + frames.pack(frames.PING, frames.ACK, 0, link.client.frames[-1][3]))
    await eventually(lambda: link.client.goaways[1:] == [(3, 0)])
    link.client.send(frames.pack(frames.HEADERS, frames.END_HEADERS | frames.END_STREAM, 5, b"\x82\x86\x84"))
    refused = (frames.RST_STREAM, 0, 5, ErrorCode.REFUSED_STREAM.to_bytes(4, "big"))
    await eventually(lambda: link.client.frames[-1] == refused)
    assert viewer.offer(b"still here") == 10
    viewer.close()
    link.viewers[3].close()
    await eventually(lambda: link.ends == [LinkEnd.DRAINED])
    of_the_viewer = [(flags, payload) for kind, flags, id, payload in link.client.frames if (kind, id) == (0, 1)]
    assert of_the_viewer == [(0, b"still here"), (frames.END_STREAM, b"")]


async def test_a_link_that_breaks_ends_all_its_viewers_and_no_other(
    open_link: Open, audience: RecordingAudience
) -> None:
    broken, fine = await open_link(), await open_link()
    viewers = [(await broken.open_viewer())[0] for _ in range(5)]
    stays, peer = await fine.open_viewer()
    for viewer in (*viewers, stays):
        viewer.audience = audience
    broken.client.close()
    await eventually(lambda: broken.ends == [LinkEnd.HUNG_UP])
    assert {viewer for viewer, _ in audience.ended} == set(viewers)
    assert {reason for _, reason in audience.ended} == {CloseReason.HUNG_UP}
    assert len(broken.link) == 0
    stays.offer(b"hello")
    assert await peer.read(5) == b"hello"


async def test_a_link_that_takes_nothing_is_ended(open_link: Open, audience: RecordingAudience) -> None:
    link = await open_link(H2Limits(stalled_after_s=0.5), connection_window=65_535)
    viewer, _ = await link.open_viewer()
    viewer.audience = audience
    viewer.offer(MEGABYTE)
    assert link.link.busy
    await eventually(lambda: link.ends == [LinkEnd.STALLED])
    assert audience.ended == [(viewer, CloseReason.LINK_ENDED)]
    assert link.client.goaways == [(1, ErrorCode.ENHANCE_YOUR_CALM)]


# -- bounds ---------------------------------------------------------------------------------------------------


def requests(count: int) -> bytes:
    head = frames.END_HEADERS | frames.END_STREAM
    return b"".join(frames.pack(frames.HEADERS, head, 2 * n + 3, b"\x82\x86\x84") for n in range(count))


async def last_of(link: H2Harness, stream_id: int) -> tuple[Viewer, H2Request]:
    """Asks once more, on that stream, and waits until it has its turn."""
    head = frames.END_HEADERS | frames.END_STREAM
    link.client.send(frames.pack(frames.HEADERS, head, stream_id, b"\x82\x86\x84"))
    await eventually(lambda: stream_id in link.viewers)
    return link.viewers[stream_id], link.requests[-1]


def requests_and_resets(count: int) -> bytes:
    """Rapid reset."""
    return b"".join(
        frames.pack(frames.HEADERS, frames.END_HEADERS | frames.END_STREAM, stream_id, b"\x82\x86\x84\x41\x01x")
        + frames.rst_stream(stream_id, ErrorCode.CANCEL)
        for stream_id in range(3, 2 * count + 3, 2)
    )


def requests_reset_by_us(count: int) -> bytes:
    """Streams that the server has to reset: the same work, by its own hand."""
    return b"".join(
        frames.pack(frames.HEADERS, frames.END_HEADERS | frames.END_STREAM, stream_id, b"\x82\x86\x84")
        + frames.window_update(stream_id, 0)
        for stream_id in range(3, 2 * count + 3, 2)
    )


FLOODS = {
    "pings": (frames.pack(frames.PING, 0, 0, b"12345678") * 200, LinkEnd.CONTROL_FLOOD),
    "settings": (frames.settings([(Setting.INITIAL_WINDOW_SIZE, 70_000)]) * 200, LinkEnd.CONTROL_FLOOD),
    "priorities": (frames.pack(frames.PRIORITY, 0, 3, b"\0\0\0\1\1") * 200, LinkEnd.CONTROL_FLOOD),
    "unknown frames": (frames.pack(0xFA, 0, 0, b"?") * 200, LinkEnd.CONTROL_FLOOD),
    "window updates": (frames.window_update(0, 1) * 200, LinkEnd.CONTROL_FLOOD),
    "window updates of a stream": (frames.window_update(1, 1) * 200, LinkEnd.CONTROL_FLOOD),
    "resets of a closed stream": (
        requests_and_resets(1) + frames.rst_stream(3, ErrorCode.CANCEL) * 200,
        LinkEnd.RESET_FLOOD,
    ),
    "empty DATA": (
        frames.pack(frames.HEADERS, frames.END_HEADERS, 3, b"\x82\x86\x84") + frames.pack(frames.DATA, 0, 3) * 200,
        LinkEnd.CONTROL_FLOOD,
    ),
    "tiny DATA without end": (
        frames.pack(frames.HEADERS, frames.END_HEADERS, 3, b"\x82\x86\x84")
        + frames.pack(frames.DATA, 0, 3, b"x") * 400,
        LinkEnd.CONTROL_FLOOD,
    ),
    "rapid reset": (requests_and_resets(200), LinkEnd.RESET_FLOOD),
    "made to reset": (requests_reset_by_us(200), LinkEnd.RESET_FLOOD),
    "empty CONTINUATION": (
        frames.pack(frames.HEADERS, 0, 3, b"\x82") + frames.pack(frames.CONTINUATION, 0, 3) * 200,
        LinkEnd.CONTROL_FLOOD,
    ),
    "CONTINUATION without end": (
        frames.pack(frames.HEADERS, 0, 3, b"\x82") + frames.pack(frames.CONTINUATION, 0, 3, bytes(16_000)) * 10,
        LinkEnd.HEADER_LIST,
    ),
    "a bomb of header fields": (
        # One entry of 3,000 bytes in the dynamic table, then named a hundred times by one byte each.
        frames.pack(
            frames.HEADERS,
            frames.END_HEADERS | frames.END_STREAM,
            3,
            b"\x82\x86\x84\x40" + head_block(200, (("a", "b" * 3_000),))[3:] + b"\xbe" * 100,
        ),
        LinkEnd.HEADER_LIST,
    ),
}


@pytest.mark.parametrize("flood", FLOODS)
async def test_a_flood_ends_its_link_and_no_other(open_link: Open, audience: RecordingAudience, flood: str) -> None:
    data, reason = FLOODS[flood]
    limits = H2Limits(control_frames_per_s=20, early_resets_per_s=20, max_header_list_bytes=100_000)
    flooded, fine = await open_link(limits), await open_link(limits)
    viewer, peer = await flooded.open_viewer()
    viewer.audience = audience
    stays, stays_peer = await fine.open_viewer()

    flooded.client.send(data)

    await eventually(lambda: flooded.ends == [reason])
    assert flooded.client.goaways[-1][1] == ErrorCode.ENHANCE_YOUR_CALM
    assert audience.ended == [(viewer, CloseReason.LINK_ENDED)]
    assert peer.ended
    assert fine.link.ended is None
    stays.offer(b"hello")
    assert await stays_peer.read(5) == b"hello"


async def test_pings_that_nobody_reads_the_answers_of_end_the_link(open_link: Open) -> None:
    limits = H2Limits(max_buffered_bytes=1, choke_bytes=4096, control_frames_per_s=1e9)
    link = await open_link(limits)
    link.client.pause()
    ping = frames.pack(frames.PING, 0, 0, b"12345678") * 4096
    while link.link.ended is None:
        link.client.send(ping)
        await asyncio.sleep(0.001)
    assert link.link.ended is LinkEnd.WRITE_BUFFER


async def test_the_window_updates_of_a_busy_video_are_no_flood(open_link: Open) -> None:
    link = await open_link(H2Limits(control_frames_per_s=5))
    opened = [await link.open_viewer() for _ in range(20)]
    group = opened[0][0].open_group()
    for viewer, _ in opened:
        group.add(viewer)
    for _ in range(20):
        assert group.send(batch_of(b"x" * 250)) == []
    link.client.send(b"".join(frames.window_update(peer.stream_id, 250) for _, peer in opened) * 20)
    link.client.send(frames.window_update(0, 250) * 400)
    link.client.send(frames.pack(frames.PING, 0, 0, b"12345678"))
    await eventually(lambda: link.client.frames[-1] == (frames.PING, frames.ACK, 0, b"12345678"))
    assert link.link.ended is None


async def test_thousands_who_leave_at_once_are_no_flood(open_link: Open) -> None:
    link = await open_link(H2Limits(control_frames_per_s=5))
    link.client.send(requests(3_000))
    await eventually(lambda: len(link.requests) == 3_000)
    link.client.send(b"".join(frames.rst_stream(id, ErrorCode.CANCEL) for id in range(3, 6_003, 2)))
    await eventually(lambda: len(link.link) == 0)
    assert link.link.ended is None


async def test_who_leaves_before_its_turn_never_joins(open_link: Open) -> None:
    link = await open_link(H2Limits(early_resets_per_s=5_000))
    link.client.send(requests_and_resets(3_000))
    viewer, _ = await last_of(link, 6_003)
    assert list(link.viewers.values()) == [viewer]
    assert len(link.link) == 1


async def test_more_than_may_wait_is_read_later(open_link: Open) -> None:
    link = await open_link(H2Limits(max_waiting_bytes=50_000))
    link.client.send(requests(3_000))
    await eventually(lambda: len(link.requests) == 3_000)
    assert link.pauses
    assert [request.stream_id for request in link.requests] == list(range(3, 6_003, 2))
    assert link.link.waiting == 0


async def test_requests_that_wait_when_the_link_ends_are_for_another_node(open_link: Open) -> None:
    link = await open_link()
    link.client.send(requests(3_000) + frames.pack(frames.PUSH_PROMISE, 0, 1))
    await eventually(lambda: link.ends == [LinkEnd.PROTOCOL_ERROR])
    taken = max((request.stream_id for request in link.requests), default=0)
    assert link.client.goaways == [(taken, ErrorCode.PROTOCOL_ERROR)]
    await eventually(lambda: len(link.link) == link.link.waiting == 0)  # viewers are told some at a time


async def test_a_request_of_the_largest_size_that_a_proxy_lets_through_is_a_request(open_link: Open) -> None:
    link = await open_link()
    headers = [*REQUEST, *((f"x-{n}", "y" * 600) for n in range(99))]
    link.client.request(headers)
    await eventually(lambda: link.requests)
    assert link.link.ended is None
