"""What moderators do to comments and videos is told before it is done."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from comment_service.announcements import Announcements
from comment_service.changes import Changes
from comment_service.comments import Comments, Draft
from comment_service.metrics import CommentServiceMetrics
from comment_service.refusal import StoreDown
from comment_service.sender import Sender
from comment_service.store.sqlite import SqliteStore
from comment_service.videos import Videos
from coordination.ids import CommentIds
from service_kit.auth.identity import Identity
from tests.integration.comment_service.edges import ADA, VIDEO, Published

MODERATOR = Identity("m-1", "Mo", frozenset({"moderator"}))


class Trail:
    def __init__(self) -> None:
        self.entries: list[tuple[str, str, str, Mapping[str, str]]] = []
        self.works = True

    async def __call__(self, moderator: Identity, action: str, subject: str, detail: Mapping[str, str]) -> None:
        if not self.works:
            raise StoreDown("nothing can be written")
        self.entries.append((moderator.user_id, action, subject, detail))


@pytest.fixture
def trail() -> Trail:
    return Trail()


@dataclass
class Cases:
    comments: Comments
    changes: Changes
    videos: Videos


@pytest.fixture
async def cases(tmp_path: Path, trail: Trail) -> AsyncIterator[Cases]:
    store = SqliteStore(tmp_path / "comments.sqlite3")
    await store.start()
    metrics, next_id = CommentServiceMetrics(CollectorRegistry()), CommentIds(0, 1).next
    announcements = Announcements(Published(), metrics)
    comments = Comments(store, next_id, announcements, metrics)
    changes = Changes(store, comments, next_id, announcements, metrics, audit=trail)
    yield Cases(comments, changes, Videos(store, next_id, announcements, metrics, audit=trail))
    await store.aclose()


async def test_a_moderator_s_actions_are_on_the_trail_and_an_author_s_are_not(cases: Cases, trail: Trail) -> None:
    ids = [(await cases.comments.post(Sender(ADA), Draft(VIDEO, "x"))).comment.comment_id for _ in range(2)]
    await cases.changes.edit(Sender(ADA), VIDEO, ids[0], "better")
    await cases.changes.delete(Sender(ADA), VIDEO, ids[0])
    assert trail.entries == []
    await cases.changes.edit(Sender(MODERATOR), VIDEO, ids[1], "[removed]")
    await cases.changes.delete(Sender(MODERATOR), VIDEO, ids[1])
    for _ in range(2):
        await cases.videos.end(MODERATOR, VIDEO)
    author = {"authorId": ADA.user_id}
    assert trail.entries == [
        ("m-1", "edit_comment", f"{VIDEO}/{ids[1]}", author),
        ("m-1", "delete_comment", f"{VIDEO}/{ids[1]}", author),
        ("m-1", "end_video", VIDEO, {}),
    ]


async def test_nothing_is_done_that_the_trail_cannot_have(cases: Cases, trail: Trail) -> None:
    comment = (await cases.comments.post(Sender(ADA), Draft(VIDEO, "x"))).comment
    trail.works = False
    with pytest.raises(StoreDown):
        await cases.changes.edit(Sender(MODERATOR), VIDEO, comment.comment_id, "[removed]")
    with pytest.raises(StoreDown):
        await cases.changes.delete(Sender(MODERATOR), VIDEO, comment.comment_id)
    with pytest.raises(StoreDown):
        await cases.videos.end(MODERATOR, VIDEO)
    assert await cases.comments.get(VIDEO, comment.comment_id) == comment
    assert not (await cases.videos.get(VIDEO)).ended
