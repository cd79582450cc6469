"""Edits, deletions and the end of a video: whatever is lost on the way, viewers end with what the store has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from comment_service.comment import Comment
from comment_service.store.sqlite import SqliteStore
from coordination.routes import RouteWatcher
from coordination.session import ZooKeeperSession
from rms.server import RmsServer
from tests.integration.rms.conftest import Connect, StartRms, Watch
from tests.integration.rms.node import VIDEO, CommentNode, Writer, has
from tests.support.eventually import eventually
from tests.support.viewers import Viewer

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS


def told(viewer: Viewer) -> list[tuple[str, Any]]:
    """What ``viewer`` was told beside comments."""
    return [(event.event, event.json()) for event in viewer.events if event.event not in {"comment", "viewers"}]


def has_told(viewer: Viewer, what: list[tuple[str, Any]]) -> Callable[[], bool]:
    return lambda: told(viewer) == what


def deletion_of(comment: Comment) -> tuple[str, Any]:
    return "delete", {"commentId": str(comment.comment_id)}


def ids_of(comments: list[Comment]) -> list[int]:
    return [comment.comment_id for comment in comments]


def returning(comment: Comment) -> dict[str, str]:
    return {"Last-Event-ID": str(comment.comment_id)}


async def test_a_lost_deletion_is_told_by_the_head(
    rms: RmsServer, comment_node: CommentNode, watch: Watch, connect: Connect
) -> None:
    writer, dispatch = Writer(), connect(rms)
    viewers = [await watch(rms), await watch(rms, headers={"Accept-Encoding": "gzip"})]
    kept, gone = said = writer.comments(2)
    await comment_node.store_all(said)
    await dispatch.deliver(writer.events(said))
    for viewer in viewers:
        await eventually(has(viewer, count=2))
    await comment_node.delete(writer, gone)
    for _ in range(2):
        await dispatch.deliver(heads=[writer.head()])
    for viewer in viewers:
        await eventually(has_told(viewer, [deletion_of(gone)]))
    late = await watch(rms)
    await eventually(lambda: late.ids == [kept.comment_id])


async def test_a_lost_edit_comes_before_what_names_it(
    rms: RmsServer, comment_node: CommentNode, watch: Watch, connect: Connect
) -> None:
    writer, dispatch = Writer(), connect(rms)
    viewer = await watch(rms)
    comment = writer.comment("What a gaol")
    await comment_node.store_all([comment])
    await dispatch.deliver([writer.event(comment)])
    edit = await comment_node.edit(writer, comment, "What a goal")
    after = writer.comment("Indeed")
    await comment_node.store_all([after])
    await dispatch.deliver([writer.event(after)])
    await eventually(lambda: after.comment_id in viewer.ids)
    assert [event.event for event in viewer.events] == ["comment", "edit", "comment"]
    assert viewer.events[1].data == edit.data
    await dispatch.deliver([edit])
    last = writer.comment("last")
    await dispatch.deliver([writer.event(last)])
    await eventually(lambda: last.comment_id in viewer.ids)
    assert len(told(viewer)) == 1, "the event itself, come late, is a repeat"


async def test_a_lost_comment_that_was_edited_and_one_that_was_deleted_since(
    rms: RmsServer, comment_node: CommentNode, watch: Watch, connect: Connect
) -> None:
    writer, dispatch = Writer(), connect(rms)
    viewer = await watch(rms)
    first, edited, gone = said = writer.comments(3)
    await comment_node.store_all(said)
    events = writer.events(said)
    edit = await comment_node.edit(writer, edited, "better")
    deletion = await comment_node.delete(writer, gone)
    await dispatch.deliver([events[0], deletion])
    await eventually(lambda: len(viewer.ids) == 2)
    assert viewer.comments[1].data == edit.data
    await dispatch.deliver([*events[1:], edit])
    last = writer.comment("last")
    await dispatch.deliver([writer.event(last)])
    await eventually(lambda: last.comment_id in viewer.ids)
    assert viewer.ids == ids_of([first, edited, last])


async def test_a_deletion_by_another_comment_service_comes_before_the_comment(
    rms: RmsServer, comment_node: CommentNode, watch: Watch, connect: Connect
) -> None:
    author, moderator = Writer(1), Writer(2)
    viewer = await watch(rms)
    gone, kept = said = author.comments(2)
    await comment_node.store_all(said)
    await connect(rms).deliver([await comment_node.delete(moderator, gone)])
    await connect(rms).deliver(author.events(said))
    await eventually(lambda: viewer.ids == [kept.comment_id])
    late = await watch(rms)
    await eventually(lambda: late.ids == [kept.comment_id])


async def test_what_a_dispatcher_replays_to_a_channel_that_opens_after_the_deletion(
    rms: RmsServer, comment_node: CommentNode, watch: Watch, connect: Connect
) -> None:
    writer = Writer()
    gone, kept = said = writer.comments(2)
    await comment_node.store_all(said)
    events = [*writer.events(said), await comment_node.delete(writer, gone)]
    viewer = await watch(rms)
    await eventually(lambda: viewer.ids == [kept.comment_id])
    dispatch = connect(rms)
    for event in events:
        await dispatch.deliver([event])
    last = writer.comment("last")
    await dispatch.deliver([writer.event(last)])
    await eventually(lambda: last.comment_id in viewer.ids)
    assert viewer.ids == ids_of([kept, last])


async def test_a_deletion_that_its_comment_service_did_not_live_to_publish(
    rms: RmsServer, comment_node: CommentNode, session: ZooKeeperSession, watch: Watch, connect: Connect
) -> None:
    other = CommentNode(comment_node.store, session, "comment-service-2")
    await other.start()
    writer = Writer()
    viewer = await watch(rms)
    comment = writer.comment()
    await comment_node.store_all([comment])
    await connect(rms).deliver([writer.event(comment)])
    await comment_node.delete(writer, comment)
    await comment_node.aclose()
    await eventually(has_told(viewer, [deletion_of(comment)]))
    await other.aclose()


async def test_a_backfill_that_was_read_before_the_deletion(
    comment_node: CommentNode, store: SqliteStore, rms: RmsServer, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And whose event went to nobody: the route was not there yet."""
    writer = Writer()
    gone, kept = said = writer.comments(2)
    await comment_node.store_all(said)
    before = store.comments.before

    async def read_and_delete(*request: Any) -> list[Comment]:
        found = await before(*request)
        monkeypatch.undo()
        await comment_node.delete(writer, gone)
        return found

    monkeypatch.setattr(store.comments, "before", read_and_delete)
    viewer = await watch(rms)
    await eventually(lambda: viewer.ids == [kept.comment_id])
    assert told(viewer) == []


async def test_who_was_away_is_told_what_was_changed_at_this_node(
    rms: RmsServer, comment_node: CommentNode, watch: Watch, connect: Connect
) -> None:
    writer, dispatch = Writer(), connect(rms)
    first = await watch(rms)
    said = writer.comments(3)
    await comment_node.store_all(said)
    await dispatch.deliver(writer.events(said))
    await eventually(lambda: len(first.ids) == 3)
    first.close()
    edit, deletion = await comment_node.edit(writer, said[0], "better"), await comment_node.delete(writer, said[1])
    await dispatch.deliver([edit, deletion])
    back = await watch(rms, headers=returning(said[2]))
    await eventually(lambda: len(told(back)) == 2)
    assert [event.event for event in back.events] == ["edit", "delete"]
    assert back.events[0].data == edit.data


@pytest.mark.parametrize("away_ms", [0, MINUTE_MS, 20 * HOUR_MS])
async def test_who_was_away_is_told_what_was_changed_by_a_node_that_opens_then(
    rms: RmsServer, comment_node: CommentNode, watch: Watch, away_ms: int
) -> None:
    said = Writer(ago_ms=away_ms).comments(4)
    await comment_node.store_all(said)
    writer = Writer(2, ago_ms=away_ms // 2)
    await comment_node.edit(writer, said[0], "better")
    await comment_node.delete(writer, said[1])
    missed = writer.comment("missed")
    await comment_node.store_all([missed])
    back = await watch(rms, headers=returning(said[3]))
    await eventually(lambda: missed.comment_id in back.ids and len(told(back)) == 2)
    assert told(back)[0][1]["content"] == "better"
    assert told(back)[1] == deletion_of(said[1])
    assert said[1].comment_id not in back.ids


async def test_who_was_away_for_longer_than_changes_are_kept_is_told_to_read_anew(
    rms: RmsServer, comment_node: CommentNode, watch: Watch
) -> None:
    said = Writer(ago_ms=25 * HOUR_MS).comments(3)
    await comment_node.store_all(said)
    back = await watch(rms, headers=returning(said[2]))
    await eventually(lambda: told(back))
    assert back.events[0].event == "resync"
    assert back.events[0].json()["reason"] == "too_far_back"


async def test_changes_that_the_ring_let_go_of_come_from_the_store(
    comment_node: CommentNode, start_rms: StartRms, watch: Watch, connect: Connect
) -> None:
    rms = await start_rms(ring_frames=100)
    writer, dispatch = Writer(ago_ms=MINUTE_MS), connect(rms)
    steady = await watch(rms)
    said = writer.comments(3)
    await comment_node.store_all(said)
    await dispatch.deliver(writer.events(said))
    writer.ago_ms = MINUTE_MS // 2
    await dispatch.deliver([await comment_node.delete(writer, said[0])])
    for _ in range(4):
        more = writer.comments(50)
        await comment_node.store_all(more)
        await dispatch.deliver(writer.events(more))
        await eventually(has(steady, comment=more[-1]))
    writer.ago_ms = 0
    live = await comment_node.edit(writer, said[1], "better")
    await dispatch.deliver([live])
    back = await watch(rms, headers=returning(said[2]))
    await eventually(lambda: len(back.ids) >= 200 and len(told(back)) == 2)
    assert told(back)[0] == deletion_of(said[0])
    assert said[0].comment_id not in back.ids
    assert [event.event for event in back.events[-2:]] == ["delete", "edit"], "after the comments"


async def test_more_changes_than_come_with_a_page(comment_node: CommentNode, rms: RmsServer, watch: Watch) -> None:
    """Those of a minute ago are all there; further back there are too many."""
    old, recent = Writer(1, ago_ms=2 * HOUR_MS), Writer(2, ago_ms=MINUTE_MS)
    said = old.comments(10)
    lately = recent.comments(10)
    await comment_node.store_all(said + lately)
    for writer, comments, edits in ((old, said, 900), (recent, lately, 300)):
        for n in range(edits):
            await comment_node.edit(writer, comments[n % 9], f"edit {n}")
    back = await watch(rms, headers=returning(lately[9]))
    await eventually(lambda: len(told(back)) == 300)
    assert {kind for kind, _ in told(back)} == {"edit"}
    long_gone = await watch(rms, headers=returning(said[9]))
    await eventually(lambda: told(long_gone))
    assert long_gone.events[0].event == "resync"


# -- the end ---------------------------------------------------------------------------------------------------


async def test_at_the_end_the_streams_close_and_the_route_goes(
    rms: RmsServer, comment_node: CommentNode, session: ZooKeeperSession, watch: Watch, connect: Connect
) -> None:
    routes = RouteWatcher(session)
    await routes.start()
    writer, dispatch = Writer(), connect(rms)
    viewers = [await watch(rms), await watch(rms, headers={"Accept-Encoding": "gzip"})]
    said = writer.comments(3)
    await comment_node.store_all(said)
    await eventually(lambda: routes.table.rms_of(VIDEO) == ("rms-1",))
    await dispatch.deliver([*writer.events(said), await comment_node.end(writer)])
    for viewer in viewers:
        await viewer.until_closed()
        assert [event.event for event in viewer.events] == ["comment"] * 3 + ["end"]
    await eventually(lambda: routes.table.rms_of(VIDEO) == ())
    for _ in range(2):
        late = await watch(rms)
        await late.until_closed()
        assert [event.event for event in late.events] == ["comment"] * 3 + ["end"]
    assert routes.table.rms_of(VIDEO) == ()
    await routes.aclose()


async def test_a_lost_end_is_told_by_the_head(
    rms: RmsServer, comment_node: CommentNode, watch: Watch, connect: Connect
) -> None:
    writer, dispatch = Writer(), connect(rms)
    viewer = await watch(rms)
    comment = writer.comment()
    await dispatch.deliver([writer.event(comment)])
    await comment_node.end(writer)
    await dispatch.deliver(heads=[writer.head()])
    await viewer.until_closed()
    assert [event.event for event in viewer.events] == ["comment", "end"]


async def test_a_node_that_opens_an_ended_video_serves_what_was_said_and_the_end(
    rms: RmsServer, comment_node: CommentNode, session: ZooKeeperSession, watch: Watch
) -> None:
    routes = RouteWatcher(session)
    await routes.start()
    writer = Writer(ago_ms=48 * HOUR_MS)
    said = writer.comments(5)
    await comment_node.store_all(said)
    await comment_node.end(writer)
    late = await watch(rms, query="?backlog=2")
    await late.until_closed()
    assert late.ids == ids_of(said[3:])
    assert told(late) == [("end", {})]
    back = await watch(rms, headers=returning(said[1]))
    await back.until_closed()
    assert back.ids[-3:] == ids_of(said[2:])
    assert told(back)[-1] == ("end", {})
    await eventually(lambda: routes.table.rms_of(VIDEO) == ())
    await eventually(lambda: len(rms.hub) == 0, what="the channel is closed soon")
    await routes.aclose()


async def test_what_is_deleted_after_the_end_is_not_shown_to_those_who_keep_coming(
    rms: RmsServer, comment_node: CommentNode, watch: Watch
) -> None:
    writer = Writer(ago_ms=MINUTE_MS)
    gone, kept = said = writer.comments(2)
    await comment_node.store_all(said)
    await comment_node.end(writer)
    await (await watch(rms)).until_closed()
    await comment_node.delete(Writer(2), gone)

    async def shows_only_what_was_kept() -> bool:
        late = await watch(rms)
        await late.until_closed()
        return late.ids == [kept.comment_id]

    await eventually(shows_only_what_was_kept, every_s=0.1)
