"""Two comment services on one store, each with a cache: whatever is posted, edited and deleted by either, a walk meets
every comment once, and what was deleted a second ago never."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from comment_service.announcements import Announcements
from comment_service.changes import Changes
from comment_service.comment import Comment
from comment_service.comments import Comments, Draft
from comment_service.history.history import History
from comment_service.history.page_cache import CacheLimits
from comment_service.history.wanted import PageOf
from comment_service.metrics import CommentServiceMetrics
from comment_service.page import Direction, PageRequest, Sort
from comment_service.sender import Sender
from comment_service.store import Store
from coordination.ids import CommentIds
from livecomments.v1 import event_pb2
from service_kit.auth.identity import Identity

VIDEO = "match-42"
MODERATOR = Sender(Identity("u-1", "Ada", frozenset({"moderator"})))
BOUND_S = 1.0
PAUSES_S = (0.0, 0.0, 0.2, 0.5, 1.0, 9.0, 70.0)


class Nowhere:
    def publish(self, event: event_pb2.Event) -> None:
        """Nobody listens in these tests."""


class Time:
    """Stands until it is moved."""

    def __init__(self) -> None:
        self.s = 1_795_262_400.0

    def __call__(self) -> float:
        return self.s

    def ms(self) -> int:
        return int(self.s * 1000)


class Service:
    """One comment service."""

    def __init__(self, store: Store, worker: int, time: Time, limits: CacheLimits) -> None:
        metrics = CommentServiceMetrics(CollectorRegistry())
        announcements = Announcements(Nowhere(), metrics, on_write=self._on_write)
        next_id = CommentIds(0, worker, time.ms).next
        self.comments = Comments(store, next_id, announcements, metrics)
        self.changes = Changes(store, self.comments, next_id, announcements, metrics, clock_ms=time.ms)
        self.history = History(store, self.comments, metrics, limits, clock=time, clock_ms=time.ms)

    def _on_write(self, comment: Comment) -> None:
        self.history.written(comment)

    async def page(self, request: PageRequest) -> dict[str, Any]:
        answer = await self.history.answer(PageOf(VIDEO, request))
        document: dict[str, Any] = json.loads(answer.body)
        return document


class World:
    """What happens, by chance, and what ought to be seen: when which comment was written and deleted, and by whom."""

    def __init__(self, store: Store, chance: Random) -> None:
        self.time = Time()
        self.chance = chance
        limits = CacheLimits(recent_s=BOUND_S, settled_s=20.0, max_entries=chance.choice([3, 1_000]))
        self.services = [Service(store, worker, self.time, limits) for worker in (1, 2)]
        self.posted: dict[int, tuple[float, Service]] = {}
        self.deleted: dict[int, tuple[float, Service]] = {}
        self.texts: dict[int, list[tuple[str, float, Service]]] = {}

    async def step(self) -> None:
        """Somebody does something, or time passes."""
        service, alive = self.chance.choice(self.services), sorted(self.posted.keys() - self.deleted.keys())
        what = self.chance.choice(["post", "post", "edit", "delete", "pause", "pause"])
        text = f"text {self.chance.random()}"
        if what == "post":
            comment = (await service.comments.post(MODERATOR, Draft(VIDEO, text))).comment
            self.posted[comment.comment_id] = self.time.s, service
            self.texts[comment.comment_id] = [(text, self.time.s, service)]
        elif what == "pause":
            self.time.s += self.chance.choice(PAUSES_S)
        elif alive and what == "edit":
            comment_id = self.chance.choice(alive)
            self.time.s += 0.001  # of two edits at one time either may stand
            await service.changes.edit(MODERATOR, VIDEO, comment_id, text)
            self.texts[comment_id].append((text, self.time.s, service))
        elif alive:
            comment_id = self.chance.choice(alive)
            await service.changes.delete(MODERATOR, VIDEO, comment_id)
            self.deleted[comment_id] = self.time.s, service

    def is_known(self, at: float, by: Service, to: Service) -> bool:
        """Whether what ``by`` did at that time has to be seen at ``to``."""
        return by is to or self.time.s >= at + BOUND_S

    async def walk(self, service: Service, direction: Direction) -> None:
        """Through the whole history, while things go on."""
        expected = {
            comment_id
            for comment_id, (at, by) in self.posted.items()
            if direction is Direction.AFTER or self.is_known(at, by, service)
        }
        met: list[int] = []
        cursor, more = (0 if direction is Direction.AFTER else None), True
        sizes = [self.chance.randint(1, 4) for _ in range(2)]
        while more:
            request = PageRequest(cursor, direction, self.chance.choice(sizes), Sort.DESC)
            page = await service.page(request)
            for comment in page["comments"]:
                self.check(comment, service)
            met += [int(comment["commentId"]) for comment in page["comments"]]
            more = page["hasMore"]
            cursor = int(page["nextCursor"]) if more else None
            if self.chance.random() < 0.2:
                await self.step()
        assert len(met) == len(set(met))
        assert expected - self.deleted.keys() <= set(met)

    def check(self, comment: dict[str, Any], service: Service) -> None:
        """It is not what it ought not to be any more."""
        comment_id = int(comment["commentId"])
        if comment_id in self.deleted:
            assert not self.is_known(*self.deleted[comment_id], service), "a deleted comment is shown"
        texts = self.texts[comment_id]
        known = [number for number, (_, at, by) in enumerate(texts) if self.is_known(at, by, service)]
        assert comment["content"] in [text for text, _, _ in texts[max(known, default=0) :]], "an old text is shown"


@pytest.mark.parametrize("seed", range(8))
async def test_walks_meet_every_comment_once_and_no_deleted_one(store: Store, seed: int) -> None:
    world = World(store, Random(seed))
    for _ in range(60):
        for _ in range(world.chance.randint(0, 4)):
            await world.step()
        await world.walk(world.chance.choice(world.services), world.chance.choice(list(Direction)))
    assert world.deleted
