"""The ways to post and to read that ``ops.bench.posting`` compares."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import grpc

from comment_service.comment import Comment
from comment_service.comments import Draft
from comment_service.sender import Sender
from coordination.ids import CommentIds
from livecomments.v1 import comment_service_pb2 as pb
from livecomments.v1 import comment_service_pb2_grpc
from ops.bench._posting_stage import VIDEOS, PostingStage
from ops.bench.process_cost import cost_of
from ops.client import HttpClient
from service_kit.auth.identity import Identity
from service_kit.grpc_client import open_channel

TEXT = "what a goal, nobody saw that one coming"
PAGE = 50
BATCH = 100
AT_ONCE, CONNECTIONS = 64, 32
# Measured over as many more, since each takes so little.
BATCHED_TIMES = 10

Ask = Callable[[int], Awaitable[None]]


@dataclass
class Figures:
    """Of one way: a value a round, and every request's time."""

    rates: list[float] = field(default_factory=list)
    cpus_us: list[float] = field(default_factory=list)
    stores_us: list[float] = field(default_factory=list)
    took_s: list[float] = field(default_factory=list)

    @property
    def cpu_us(self) -> float:
        """Microseconds of CPU for one post or page."""
        return statistics.median(self.cpus_us)

    def line(self, name: str) -> str:
        ordered = sorted(self.took_s)
        p50, p99 = (1000 * ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.99))
        store = f"{statistics.median(self.stores_us):9.0f}" if any(self.stores_us) else " " * 9
        rate = statistics.median(self.rates)
        return f"{name:40} {rate:10,.0f} {self.cpu_us:9.0f} {1e6 / self.cpu_us:13,.0f} {p50:8.2f} {p99:8.2f} {store}"


@dataclass(frozen=True)
class Way:
    """``ask`` is called with a number, ``at_once`` at a time; each call is ``weight`` posts or pages."""

    name: str
    ask: Ask
    cpu_s: Callable[[], float]
    store_cpu_s: Callable[[], float]
    at_once: int
    weight: int = 1

    async def measure(self, count: int, figures: Figures) -> None:
        """Adds a round of about ``count`` to ``figures``."""
        calls = max(1, count * (BATCHED_TIMES if self.weight > 1 else 1) // self.weight)
        numbers = iter(range(calls))

        async def worker() -> None:
            for number in numbers:
                began = time.perf_counter()
                await self.ask(number)
                figures.took_s.append(time.perf_counter() - began)

        cpu_s, store_s, began = self.cpu_s(), self.store_cpu_s(), time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(self.at_once)))
        took_s, done = time.perf_counter() - began, calls * self.weight
        figures.rates.append(done / took_s)
        figures.cpus_us.append(1e6 * (self.cpu_s() - cpu_s) / done)
        figures.stores_us.append(1e6 * (self.store_cpu_s() - store_s) / done)


def ways_of(stage: PostingStage, *, ahead: int) -> list[Way]:
    """In the order of the table. ``ahead``: requests of many posts that are on the way to each comment service."""
    store_cpu_s = _cpu_of(stage.store_pids)

    def way(name: str, ask: Ask, cpu_s: Callable[[], float], at_once: int, weight: int = 1) -> Way:
        return Way(name, ask, cpu_s, store_cpu_s, at_once, weight)

    here, services = time.process_time, _cpu_of(stage.service_pids)
    bare = _cpu_of([] if stage.bare.pid is None else [stage.bare.pid])
    https = cycle(
        [
            HttpClient(f"http://{node.address('HTTP_PORT')}", max_connections=CONNECTIONS, timeout_s=60)
            for node in stage.cluster.comment_services.values()
        ]
    )
    channels = [open_channel(node.address("GRPC_PORT")) for node in stage.cluster.comment_services.values()]
    stubs = [comment_service_pb2_grpc.CommentServiceStub(channel) for channel in channels]
    bare_http = HttpClient(f"http://127.0.0.1:{stage.bare_port}", max_connections=CONNECTIONS, timeout_s=60)
    kept = PAGE
    return [
        way("store alone", _store_post(stage), here, AT_ONCE),
        way("use case", _use_case_post(stage), here, AT_ONCE),
        way("gRPC: 100 a request", _grpc_batches(stage, stubs), services, ahead * len(stubs), BATCH),
        way("gRPC: single", _grpc_post(stage, stubs), services, AT_ONCE),
        way("HTTP", _http_post(stage, lambda: next(https)), services, CONNECTIONS * len(stubs)),
        way("bare Tornado: token checked", _http_post(stage, lambda: bare_http, "/checked"), bare, CONNECTIONS),
        way("bare Tornado: token remembered", _http_post(stage, lambda: bare_http, "/remembered"), bare, CONNECTIONS),
        way("page: store alone", _store_page(stage), here, CONNECTIONS),
        way("page: gRPC", _grpc_page(stage, stubs), services, CONNECTIONS),
        way("page: HTTP read anew", _http_page(lambda: next(https), kept, fresh=True), services, 1),
        way("page: HTTP kept", _http_page(lambda: next(https), kept), services, CONNECTIONS * len(stubs)),
    ]


def _cpu_of(pids: list[int]) -> Callable[[], float]:
    return lambda: sum(cost_of(pid).cpu_s for pid in pids)


def _video(number: int) -> str:
    return VIDEOS[number % len(VIDEOS)]


def _store_post(stage: PostingStage) -> Ask:
    next_id = CommentIds(0, 126).next

    async def post(number: int) -> None:
        user = f"u-{number % 200}"
        await stage.store.comments.add(Comment(next_id(), f"local-{_video(number)}", user, user, TEXT))

    return post


def _use_case_post(stage: PostingStage) -> Ask:
    senders = [Sender(Identity(f"u-{number}", f"User {number}")) for number in range(200)]

    async def post(number: int) -> None:
        await stage.local.comments.post(senders[number % 200], Draft(f"local-{_video(number)}", TEXT))

    return post


def _metadata(token: str) -> list[tuple[str, str]]:
    return [("authorization", f"Bearer {token}")]


def _grpc_post(stage: PostingStage, stubs: list[Any]) -> Ask:
    metadata = [_metadata(token) for token in stage.tokens]

    async def post(number: int) -> None:
        request = pb.PostCommentRequest(live_video_id=_video(number), content=TEXT)
        await stubs[number % len(stubs)].PostComment(request, metadata=metadata[number % 200])

    return post


def _grpc_batches(stage: PostingStage, stubs: list[Any]) -> Ask:
    """Each that asks at the same time has a stream of its own, for good."""
    streams: list[grpc.aio.StreamStreamCall[Any, Any]] = []
    metadata = _metadata(stage.service_token)

    async def post(number: int) -> None:
        made = streams.pop() if streams else stubs[number % len(stubs)].PostComments(metadata=metadata)
        posts = [pb.PostCommentRequest(live_video_id=_video(number + n), content=TEXT) for n in range(BATCH)]
        await made.write(pb.PostCommentsRequest(posts=posts))
        response = await made.read()
        assert isinstance(response, pb.PostCommentsResponse)
        assert all(outcome.HasField("comment") for outcome in response.outcomes), response
        streams.append(made)

    return post


def _http_post(stage: PostingStage, client: Callable[[], HttpClient], path: str | None = None) -> Ask:
    body = json.dumps({"content": TEXT}).encode()
    headers = [{"Authorization": f"Bearer {token}", "Content-Type": "application/json"} for token in stage.tokens]

    async def post(number: int) -> None:
        where = path or f"/comments/{_video(number)}"
        response = await client().request("POST", where, headers=headers[number % 200], body=body)
        assert response.status == 201, response.body

    return post


def _store_page(stage: PostingStage) -> Ask:
    async def read(number: int) -> None:
        found = await stage.store.comments.before(f"local-{_video(number)}", None, PAGE + 1)
        assert len(found) == PAGE + 1

    return read


def _grpc_page(stage: PostingStage, stubs: list[Any]) -> Ask:
    async def read(number: int) -> None:
        request = pb.ListCommentsRequest(live_video_id=_video(number), page_size=PAGE)
        assert len((await stubs[number % len(stubs)].ListComments(request)).comments) == PAGE

    return read


def _http_page(client: Callable[[], HttpClient], size: int, *, fresh: bool = False) -> Ask:
    headers = {"Cache-Control": "no-cache"} if fresh else {}

    async def read(number: int) -> None:
        response = await client().request("GET", f"/comments/{_video(number)}?pageSize={size}", headers=headers)
        assert response.status == 200, response.body

    return read
