"""Which RMS a viewer gets, and what happens to viewers when nodes and control planes come and go."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lb.envoy.clusters import RMS
from ops.local_cluster.ports import free_port
from ops.local_cluster.process import ManagedProcess
from tests.support.backend import Backend, Link
from tests.support.envoy import Edge, running_edge
from tests.support.eventually import eventually

ROOT = Path(__file__).resolve().parents[3]
VIDEOS = [f"video-{n}" for n in range(90)]


@pytest.fixture(params=["h2", "http1"])
def rms_link(request: pytest.FixtureRequest) -> Link:
    return "h2" if request.param == "h2" else "http1"


async def placement(edge: Edge, videos: list[str] = VIDEOS) -> dict[str, str]:
    """Which node each video's viewers get."""
    return {video: (await edge.watch(f"/comments/{video}/stream"))[0] for video in videos}


async def test_only_the_video_decides_which_node_it_is(edge: Edge) -> None:
    for video in VIDEOS[:30]:
        targets = (
            f"/comments/{video}/stream",
            f"/comments/{video}/stream?backlog=5&clientId=a",
            f"/comments/{video}/stream?x=/comments/other/stream",
            f"/comments/{video.replace('-', '%2D')}/stream",
            f"/comments/{video.replace('v', '%76')}/stream",
        )
        assert len({(await edge.watch(target))[0] for target in targets}) == 1, video


async def test_videos_spread_over_all_nodes(edge: Edge) -> None:
    share = Counter((await placement(edge)).values())
    assert set(share) == {"rms-1", "rms-2", "rms-3"}
    assert min(share.values()) >= 15, share


async def test_a_node_that_leaves_moves_only_its_own_videos(edge: Edge) -> None:
    before = await placement(edge)
    edge.control_plane.assign(RMS, [edge.rms[0].record, edge.rms[2].record])
    await edge.settled(RMS, 2)
    after = await placement(edge)
    moved = [video for video in VIDEOS if before[video] != after[video]]
    own = [video for video in VIDEOS if before[video] == "rms-2"]
    assert set(own) <= set(moved)
    # MAGLEV moves a few others as well.
    assert len(moved) - len(own) <= 6


async def test_a_node_that_comes_back_on_another_port_has_its_videos_back(edge: Edge) -> None:
    before = await placement(edge)
    await edge.rms[1].aclose()
    edge.rms[1] = Backend("rms-2", edge.rms[1].link)
    await edge.rms[1].start()
    await edge.assign()
    assert await placement(edge) == before


async def test_a_full_node_passes_viewers_on_and_each_fills_exactly(edge: Edge) -> None:
    for backend in edge.rms:
        backend.behaviour.room = 10
    nodes = [(await edge.watch("/comments/hot/stream"))[0] for _ in range(30)]
    assert Counter(nodes) == {"rms-1": 10, "rms-2": 10, "rms-3": 10}
    assert len(set(nodes[:10])) == 1, "the first ten found room at their own node"


async def test_the_attempt_is_told_and_the_last_one_is_the_last(edge: Edge) -> None:
    for backend in edge.rms:
        backend.behaviour.room = 0
    answer = await edge.request("GET", "/comments/hot/stream", {"X-Envoy-Attempt-Count": "9"})
    assert answer.status == 503, "nobody answered the last attempt with a 200, as an RMS does"
    attempts = [
        (backend.node_id, seen.headers["X-Envoy-Attempt-Count"]) for backend in edge.rms for seen in backend.seen
    ]
    assert sorted(number for _, number in attempts) == ["1", "2", "3", "4"]
    assert len({node for node, number in attempts if number != "4"}) == 3, "each node once before any node twice"


@pytest.fixture
async def process(edge: Edge, tmp_path: Path) -> AsyncIterator[ManagedProcess]:
    """The node rms-3 as a process of its own."""
    backend = edge.rms[2]
    await backend.aclose()
    backend.port, backend.admin_port = free_port(), free_port()
    if backend.link == "http1":
        backend.admin_port = backend.port
    ports = (str(backend.port), str(backend.admin_port))
    process = ManagedProcess(
        "rms-3",
        [sys.executable, "-m", "tests.support.backend", "rms-3", backend.link, *ports],
        log_file=tmp_path / "rms-3.log",
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'proto'}"},
    )
    await process.start()
    try:
        await edge.assign()
        yield process
    finally:
        await process.kill9()


async def test_a_killed_node_costs_a_new_viewer_nothing(edge: Edge, process: ManagedProcess) -> None:
    videos = [video for video, node in (await placement(edge)).items() if node == "rms-3"]
    assert videos
    await process.kill9()
    nodes = [(await edge.watch(f"/comments/{video}/stream"))[0] for video in videos]
    assert set(nodes) <= {"rms-1", "rms-2"}


async def test_a_hung_node_costs_a_new_viewer_a_wait_and_no_error(edge: Edge, process: ManagedProcess) -> None:
    video = next(video for video, node in (await placement(edge)).items() if node == "rms-3")
    process.pause()
    node, _ = await edge.watch(f"/comments/{video}/stream")
    assert node in {"rms-1", "rms-2"}
    await edge.settled(RMS, 2)


async def test_a_hung_node_s_viewers_are_sent_away_where_the_link_can_tell(edge: Edge, process: ManagedProcess) -> None:
    """Over HTTP/1.1 its silence is that of a quiet video; there the viewers' own patience ends."""
    video = next(video for video, node in (await placement(edge)).items() if node == "rms-3")
    _, stream = await edge.watch(f"/comments/{video}/stream")
    await asyncio.wait_for(stream.readuntil(b"data: "), 10)
    process.pause()
    await edge.settled(RMS, 2)
    if edge.rms[2].link == "h2":
        await asyncio.wait_for(stream.read(-1), 20)
    assert (await edge.watch(f"/comments/{video}/stream"))[0] in {"rms-1", "rms-2"}


async def test_an_unhealthy_node_gets_nobody_and_keeps_who_it_has(edge: Edge) -> None:
    before = await placement(edge)
    video = next(video for video in VIDEOS if before[video] == "rms-1")
    _, stream = await edge.watch(f"/comments/{video}/stream")
    edge.rms[0].behaviour.alive = False
    await edge.settled(RMS, 2)
    assert (await edge.watch(f"/comments/{video}/stream"))[0] != "rms-1"
    edge.rms[0].send(b"data: still here\n\n")
    await asyncio.wait_for(stream.readuntil(b"still here"), 10)


async def test_streams_survive_the_control_plane_and_the_end_of_their_node_s_membership(edge: Edge) -> None:
    node, stream = await edge.watch("/comments/match/stream")
    backend = edge.rms_named(node)
    await edge.control_plane.aclose()
    backend.send(b"data: no control plane\n\n")
    await asyncio.wait_for(stream.readuntil(b"no control plane"), 10)
    assert (await edge.watch("/comments/match/stream"))[0] == node, "it keeps the endpoints it knew"


async def test_a_removed_node_s_streams_go_on(edge: Edge) -> None:
    node, stream = await edge.watch("/comments/match/stream")
    backend = edge.rms_named(node)
    edge.control_plane.assign(RMS, [])
    await edge.settled(RMS, 0)
    backend.send(b"data: draining\n\n")
    await asyncio.wait_for(stream.readuntil(b"draining"), 10)


@pytest.mark.parametrize("gone", ["removed", "dead"])
async def test_without_any_node_a_viewer_is_told_to_come_back(edge: Edge, gone: str) -> None:
    if gone == "removed":
        edge.control_plane.assign(RMS, [])
        await edge.settled(RMS, 0)
    else:
        for backend in edge.rms:
            await backend.aclose()
    answer = await edge.request("GET", "/comments/match/stream?backlog=3")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.headers["access-control-allow-origin"] == "*"
    field, _, wait_ms = answer.body.decode().strip().partition(": ")
    assert field == "retry"
    assert 3000 <= int(wait_ms) < 4000


async def test_two_thousand_viewers_at_once(tmp_path: Path, rms_link: Link) -> None:
    """Envoy's own circuit breakers would let the 1,025th wait for ever."""
    async with running_edge(tmp_path, rms=2, comment_services=1, rms_link=rms_link) as edge:

        async def join(n: int) -> None:
            await edge.watch(f"/comments/video-{n % 50}/stream")

        for first in range(0, 2000, 100):
            await asyncio.gather(*(join(n) for n in range(first, first + 100)))
        assert sum(len(backend.streams) for backend in edge.rms) == 2000
        for backend in edge.rms:
            backend.send(b"data: all\n\n")
        active = "cluster.rms.upstream_rq_active"
        assert await edge.envoy.stats(active + "$") == {active: 2000}


async def test_a_viewer_that_leaves_is_gone_from_its_node(edge: Edge) -> None:
    node, _ = await edge.watch("/comments/match/stream")
    backend = edge.rms_named(node)
    assert len(backend.streams) == 1
    edge.clients[-1].close()
    await eventually(lambda: not backend.streams)


async def test_a_viewer_that_takes_nothing_is_ended_and_delays_nobody(tmp_path: Path, rms_link: Link) -> None:
    async with running_edge(tmp_path, rms=1, comment_services=1, rms_link=rms_link, dead_viewer_timeout_s=1) as edge:
        stalled = socket.create_connection(("127.0.0.1", edge.port))
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.sendall(b"GET /comments/match/stream HTTP/1.1\r\nHost: edge\r\n\r\n")
        await eventually(lambda: len(edge.rms[0].streams) == 1)
        edge.rms[0].send(b": " + b"x" * 4_000_000 + b"\n\n")
        _, stream = await edge.watch("/comments/match/stream")
        edge.rms[0].send(b"data: on time\n\n")
        await asyncio.wait_for(stream.readuntil(b"on time"), 10)
        await eventually(lambda: len(edge.rms[0].streams) == 1, timeout_s=20, what="the stalled viewer is gone")
        stalled.close()


async def test_the_comment_services_do_not_see_streams(edge: Edge) -> None:
    await placement(edge, VIDEOS[:5])
    assert not any(backend.seen for backend in edge.comment_services)
