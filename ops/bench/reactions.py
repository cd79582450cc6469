"""What a reaction costs, to the video and to a comment, over HTTP and gRPC: CPU of each process on the way.

``python -m ops.bench.reactions [--reactions N] [--viewers N]``

A whole cluster with one comment service on the embedded store and one RMS, N viewers of one video. Requests go to the
comment service itself, on 16 kept connections; a bare Tornado handler that is asked for nothing is what FACTS calls
the floor of a request (285 µs). The viewers' frames are counted: they grow with the seconds, not with the reactions.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from livecomments.v1 import reactions_pb2, reactions_pb2_grpc
from ops.bench.process_cost import cost_of
from ops.client import CommentsApi, HttpClient, SseEvent, SseViewer
from ops.commands.tokens import Signer
from ops.local_cluster.cluster import ClusterOptions, LocalCluster
from ops.local_cluster.layout import DataFolder
from ops.local_cluster.zookeeper import ZooKeeperOptions
from service_kit.grpc_client import open_channel

VIDEO = "bench"
CONNECTIONS = 16
KINDS = ("like", "love", "haha", "wow", "sad", "angry")
BATCH = 100


@dataclass
class Audience:
    """Counts the ``reactions`` frames of all viewers."""

    viewers: list[SseViewer]
    frames: int = 0

    def on_event(self, event: SseEvent) -> None:
        self.frames += event.event == "reactions"


class Bench:
    """One cluster; each way of reacting is measured by the CPU seconds of its processes."""

    def __init__(self, folder: Path) -> None:
        options = ClusterOptions(
            rms=1,
            dispatchers=1,
            port=0,
            settings={"LIVECOMMENTS_LOG_LEVEL": "warning"},
            zookeeper=ZooKeeperOptions(),
        )
        self.cluster = LocalCluster(DataFolder(folder), options)
        self._signer = Signer(options.jwt_secret)
        [self.service] = self.cluster.comment_services.values()
        [self.rms] = self.cluster.rms.values()
        self.http = HttpClient(f"http://{self.service.address('HTTP_PORT')}", max_connections=CONNECTIONS, timeout_s=60)
        self.audience = Audience([])

    def headers(self, user: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._signer.sign(user)}", "Content-Type": "application/json"}

    async def start(self, viewers: int) -> list[str]:
        """Returns the ids of ten comments."""
        await self.cluster.start()
        api = CommentsApi(self.http)
        token = self._signer.sign("bench")
        comments = [(await api.post(VIDEO, f"comment {n}", token=token))["commentId"] for n in range(10)]
        for _ in range(viewers):
            viewer = SseViewer(self.cluster.url, VIDEO, self.audience.on_event)
            await viewer.connect()
            self.audience.viewers.append(viewer)
        return comments

    async def measure(self, name: str, count: int, react: Callable[[int], Awaitable[None]], *, weight: int = 1) -> None:
        """``react`` is called ``count`` times, ``CONNECTIONS`` at once; each is ``weight`` reactions."""
        pids = [self.service.process.pid, self.rms.process.pid]
        before, frames, began = [cost_of(pid) for pid in pids], self.audience.frames, time.monotonic()
        numbers = iter(range(count))

        async def worker() -> None:
            for number in numbers:
                await react(number)

        await asyncio.gather(*(worker() for _ in range(CONNECTIONS)))
        took_s = time.monotonic() - began
        reactions = count * weight
        service, rms = (1e6 * (cost_of(pid) - was).cpu_s / reactions for pid, was in zip(pids, before, strict=True))
        frames_a_viewer = (self.audience.frames - frames) / max(1, len(self.audience.viewers))
        print(
            f"{name:34} {reactions / took_s:9,.0f}/s   comment service {service:8.2f} µs   RMS {rms:6.2f} µs   "
            f"{frames_a_viewer / took_s:4.1f} frames/s a viewer"
        )

    async def aclose(self) -> None:
        for viewer in self.audience.viewers:
            await viewer.aclose()
        await self.http.aclose()
        await self.cluster.stop()


async def run(reactions: int, viewers: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        try:
            comments = await bench.start(viewers)
            await measure_all(bench, comments, reactions)
        finally:
            await bench.aclose()


async def measure_all(bench: Bench, comments: list[str], reactions: int) -> None:
    users = [bench.headers(f"u-{number}") for number in range(200)]

    async def unknown(number: int) -> None:
        await bench.http.request("POST", "/nowhere", headers=users[number % 200], body=b"{}")

    async def video(number: int) -> None:
        body = json.dumps({"kind": KINDS[number % 6]}).encode()
        response = await bench.http.request(
            "POST", f"/videos/{VIDEO}/reactions", headers=users[number % 200], body=body
        )
        assert response.status == 202, response.body

    async def comment(number: int) -> None:
        path = f"/comments/{VIDEO}/{comments[number % 10]}/reactions/{KINDS[number // 200 % 6]}"
        response = await bench.http.request("PUT", path, headers=users[number % 200])
        assert response.status == 204, response.body

    async def post(number: int) -> None:
        body = json.dumps({"content": f"comment {number}"}).encode()
        response = await bench.http.request("POST", f"/comments/{VIDEO}", headers=users[number % 200], body=body)
        assert response.status == 201, response.body

    await bench.measure("an unknown path, HTTP", reactions, unknown)
    await bench.measure("to the video, HTTP", reactions, video)
    await bench.measure("to a comment, HTTP", reactions, comment)
    await bench.measure("a comment, HTTP (to compare)", reactions, post)
    async with open_channel(bench.service.address("GRPC_PORT")) as channel:
        stub = reactions_pb2_grpc.ReactionServiceStub(channel)
        metadata = [("authorization", users[0]["Authorization"])]

        async def batch(number: int, count: int) -> None:
            request = reactions_pb2.ReactToVideoRequest(live_video_id=VIDEO, kind=KINDS[number % 6], count=count)
            await stub.ReactToVideo(request, metadata=metadata)

        await bench.measure("to the video, gRPC", reactions, lambda number: batch(number, 1))
        await bench.measure(
            f"to the video, gRPC, {BATCH} a call", reactions, lambda number: batch(number, BATCH), weight=BATCH
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reactions", type=int, default=5_000, help="of each way")
    parser.add_argument("--viewers", type=int, default=20)
    arguments = parser.parse_args()
    asyncio.run(run(arguments.reactions, arguments.viewers))


if __name__ == "__main__":
    main()
