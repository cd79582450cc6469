"""Two comment services on one store, whose clocks differ: whatever way their events come, the totals end right."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from pathlib import Path

from prometheus_client import CollectorRegistry

from comment_service.metrics import CommentServiceMetrics
from comment_service.reactions.announcements import ReactionLimits
from comment_service.reactions.reactions import KINDS
from comment_service.sender import Sender
from comment_service.services import Services, build_services
from comment_service.store.sqlite import SqliteStore
from coordination.ids import CommentIds
from livecomments.v1 import event_pb2
from rms.reaction_totals import ReactionTotals, parse_change
from service_kit.auth.identity import Identity
from service_kit.auth.keys import OneKey
from service_kit.auth.tokens import TokenVerifier
from tests.contract.store.filling import fill
from tests.integration.comment_service.edges import SECRET, VIDEO, Published
from tests.support.eventually import eventually

LIMITS = ReactionLimits(gather_s=0.05, confirm_s=1.0)
COMMENTS = [1, 2, 3]


def service(
    store: SqliteStore, worker: int, published: Published, *, ahead_ms: int
) -> tuple[Services, CollectorRegistry]:
    registry = CollectorRegistry()
    ids = CommentIds(0, worker, lambda: time.time_ns() // 1_000_000 + ahead_ms)
    verifier = TokenVerifier(OneKey.from_secret(SECRET))
    metrics = CommentServiceMetrics(registry)
    return build_services(store, ids.next, published, verifier, metrics, reaction_limits=LIMITS), registry


def idle(registry: CollectorRegistry) -> bool:
    return registry.get_sample_value("livecomments_comment_service_reaction_videos") == 0


async def test_totals_of_two_services_end_the_same_in_any_order(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "comments.sqlite3")
    await store.start()
    await fill(store, COMMENTS)
    published = Published()
    services = [service(store, worker, published, ahead_ms=300 * worker) for worker in (1, 2)]
    chance = random.Random(4)
    last: dict[tuple[int, str], str] = {}
    hearts: Counter[str] = Counter()

    async def waver(user: str) -> None:
        """One after the other, by whichever service."""
        sender = Sender(Identity(user, user))
        for _ in range(20):
            comment_id, kind = chance.choice(COMMENTS), chance.choice(KINDS)
            reactions = chance.choice(services)[0].reactions
            await reactions.react(sender, VIDEO, comment_id, kind)
            last[comment_id, user] = kind
            await reactions.react_to_video(sender, VIDEO, kind)
            hearts[kind] += 1

    await asyncio.gather(*(waver(f"u-{number}") for number in range(20)))
    await eventually(lambda: all(idle(registry) for _, registry in services), what="all is told twice")

    expected = {id_: Counter(kind for (of, _), kind in last.items() if of == id_) for id_ in COMMENTS}
    assert await store.reactions.totals(VIDEO, COMMENTS) == expected
    for _ in range(20):
        node = ReactionTotals(100)
        for event in chance.sample(published.events, len(published.events)):
            assert event.kind == event_pb2.Event.KIND_REACTIONS
            node.merge(event.event_id, parse_change(event.data))
        assert {comment_id: node.of_comment(comment_id) for comment_id in COMMENTS} == expected
        assert node.of_video is not None
        assert parse_change(node.of_video.data.partition(b"data: ")[2]).video == hearts
    await store.aclose()


async def test_a_service_whose_clock_is_behind_is_not_overruled_for_long(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "comments.sqlite3")
    await store.start()
    await fill(store, COMMENTS)
    published = Published()
    (ahead, _), (behind, _) = (service(store, worker, published, ahead_ms=ms) for worker, ms in ((1, 900), (2, 0)))

    def known() -> object:
        node = ReactionTotals(100)
        for event in published.events:
            node.merge(event.event_id, parse_change(event.data))
        return node.of_comment(1)

    await ahead.reactions.react(Sender(Identity("ada", "Ada")), VIDEO, 1, "like")
    await eventually(lambda: known() == {"like": 1})
    await behind.reactions.react(Sender(Identity("bob", "Bob")), VIDEO, 1, "like")
    await eventually(lambda: known() == {"like": 2})
    for each in (ahead, behind):
        await each.drain()
    await store.aclose()
