"""What can ride does not go alone, and what rides does not wait for ever."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count as counter
from itertools import pairwise
from typing import Any

import pytest

from rms import frames
from rms.channel_limits import ChannelLimits
from rms.reaction_totals import TotalsChange
from tests.unit.rms.fake_link import FakeViewer
from tests.unit.rms.sse import parse
from tests.unit.rms.stage import OPENING, Stage, comment

# As many as make the stage's clock go over the wait.
WAIT = 3
GAP = 6


event_ids = counter(10**6)


def show_viewers(stage: Stage, count: int = 7) -> None:
    assert stage.channel.publish(frames.viewers_frame(count))


def like(stage: Stage, likes: int = 1, **comments: int) -> None:
    """So many like the video, and the comments ``c1``, ``c2``."""
    totals = {int(name[1:]): {"like": number} for name, number in comments.items()}
    assert stage.channel.react(next(event_ids), TotalsChange({"like": likes} if likes else {}, totals))


def spoken(event_id: int, reactions: str = "{}") -> frames.Frame:
    return comment(event_id, f'{{"commentId":"{event_id}","reactions":{reactions}}}')


def totals_of(viewer: FakeViewer) -> list[Any]:
    """What each ``reactions`` said."""
    return [json.loads(message.data) for message in parse(viewer.received).messages if message.type == "reactions"]


def shown(viewer: FakeViewer) -> list[Any]:
    """The totals that comments came with."""
    messages = parse(viewer.received).messages
    return [json.loads(message.data)["reactions"] for message in messages if message.type == "comment"]


def kinds(viewer: FakeViewer) -> list[str]:
    return [message.type for message in parse(viewer.received).messages]


def counts(viewer: FakeViewer) -> list[str]:
    return [message.data for message in parse(viewer.received).messages if message.type == "viewers"]


def watching(count: int) -> str:
    return f'{{"count":{count}}}'


@pytest.mark.parametrize(("rider", "kind"), [(show_viewers, "viewers"), (like, "reactions")])
def test_a_rider_waits_for_a_comment_and_goes_with_it_in_one_send(rider: Callable[[Stage], None], kind: str) -> None:
    stage = Stage()
    viewer = stage.join()
    rider(stage)
    stage.flush()
    assert not kinds(viewer)

    stage.channel.publish(comment(1))
    stage.flush()

    assert kinds(viewer) == ["comment", kind]
    assert stage.metric("flushes_total", cause="event") == 1
    stage.seconds_pass(10)
    assert kinds(viewer) == ["comment", kind], "it goes once"
    assert stage.metric("flushes_total", cause="rider") is None


@pytest.mark.parametrize(("rider", "kind"), [(show_viewers, "viewers"), (like, "reactions")])
def test_a_rider_goes_alone_once_it_has_waited_long_enough(rider: Callable[[Stage], None], kind: str) -> None:
    stage = Stage(ChannelLimits(reactions_wait_s=2.0))
    viewer = stage.join()
    rider(stage)
    stage.seconds_pass(1)
    assert not kinds(viewer)

    stage.seconds_pass(WAIT - 1)

    assert kinds(viewer) == [kind]
    assert stage.metric("flushes_total", cause="rider") == 1
    assert stage.metric("flushes_total", cause="event") is None


def test_of_counts_that_wait_the_newest_goes() -> None:
    stage = Stage()
    viewer = stage.join()
    for count in (3, 4, 5):
        stage.channel.publish(frames.viewers_frame(count))
    stage.seconds_pass(WAIT)

    assert counts(viewer) == [watching(5)]
    assert stage.metric("published_total", kind="viewers") == 1
    assert stage.metric("dropped_total", reason="superseded") == 2


def test_a_count_that_must_wait_makes_no_empty_flushes() -> None:
    stage = Stage()
    viewer = stage.join()
    stage.channel.publish(frames.viewers_frame(3))
    stage.seconds_pass(WAIT)
    stage.channel.publish(frames.viewers_frame(4))
    stage.seconds_pass(2 * GAP)
    assert counts(viewer) == [watching(3), watching(4)]
    assert stage.metric("flushes_total", cause="rider") == 2


def test_totals_that_wait_go_together_as_they_are_by_then() -> None:
    stage = Stage()
    viewer = stage.join()
    like(stage, 1, c1=1, c2=1)
    like(stage, 2, c2=2)
    like(stage, 0, c3=1)
    stage.seconds_pass(WAIT)

    assert totals_of(viewer) == [
        {"video": {"like": 2}, "comments": {"1": {"like": 1}, "2": {"like": 2}, "3": {"like": 1}}}
    ]
    assert stage.metric("flushes_total", cause="rider") == 1
    assert stage.metric("published_total", kind="reactions") == 1


def test_totals_do_not_wait_as_long_as_counts_do() -> None:
    stage = Stage()
    viewer = stage.join()
    show_viewers(stage)
    stage.seconds_pass(WAIT)
    show_viewers(stage, 8)  # has to wait for its gap
    stage.flush()
    like(stage)
    stage.seconds_pass(1)
    assert kinds(viewer) == ["viewers", "reactions"]


def test_between_two_reactions_there_is_time_however_many_come_and_whatever_they_could_ride_with() -> None:
    stage = Stage()
    viewer = stage.join()
    began = stage.time.now
    for number in range(1, 501):
        like(stage, number, c1=number)
        like(stage, number, c2=number)
        stage.channel.publish(comment(number))
        stage.time.run_until(stage.time.now + 0.02)
        assert viewer.received.count(b"event: reactions") <= (stage.time.now - began) / 0.5 + 1
    assert len(totals_of(viewer)) > 15
    stage.seconds_pass(WAIT)
    assert totals_of(viewer)[-1] == {"video": {"like": 500}, "comments": {"1": {"like": 500}, "2": {"like": 500}}}


def test_totals_that_viewers_have_already_do_not_go() -> None:
    stage = Stage()
    viewer = stage.join()
    like(stage, 1, c1=1)
    stage.seconds_pass(WAIT)
    like(stage, 1, c1=1)
    stage.channel.publish(comment(2))
    stage.seconds_pass(10)
    assert len(totals_of(viewer)) == 1


def test_the_same_event_twice_and_one_after_the_end_are_dropped() -> None:
    stage = Stage()
    change = TotalsChange({"like": 1}, {})
    assert stage.channel.react(5, change)
    assert not stage.channel.react(5, change)
    assert stage.metric("dropped_total", reason="repeat") == 1
    stage.channel.publish(frames.end_frame(9))
    assert not stage.channel.react(10, change)
    assert stage.metric("dropped_total", reason="ended") == 1


@pytest.mark.parametrize("gzip", [False, True])
def test_who_joins_gets_comments_with_the_totals_that_the_others_know(gzip: bool) -> None:
    stage = Stage()
    for event_id in (1, 2, 3):
        stage.channel.publish(spoken(event_id))
    stage.flush()
    like(stage, 5, c2=4)
    stage.seconds_pass(WAIT)

    for room in (1 << 60, 0, len(OPENING) + 150):
        viewer = stage.join(backlog=9, room=room, gzip=gzip)
        viewer.give_room(1 << 60)
        assert shown_text(viewer) == [{}, {"like": 4}, {}]
        assert b'"video":{"like":5}' in viewer.text


def shown_text(viewer: FakeViewer) -> list[Any]:
    messages = parse(viewer.text).messages
    return [json.loads(message.data)["reactions"] for message in messages if message.type == "comment"]


def test_an_evening_of_hearts_leaves_who_joins_the_last_comments() -> None:
    stage = Stage(ChannelLimits(max_frames=200))
    for event_id in range(1, 11):
        stage.channel.publish(spoken(event_id))
    stage.flush()
    for likes in range(1, 700):
        like(stage, likes)
        stage.seconds_pass(1)
    assert len(shown(stage.join(backlog=100))) == 10


def test_a_comment_that_comes_after_its_reactions_shows_them() -> None:
    """Another dispatcher brought them."""
    stage = Stage()
    viewer = stage.join()
    like(stage, 0, c7=3)
    stage.seconds_pass(WAIT)
    stage.channel.publish(spoken(7))
    stage.flush()
    assert shown(viewer) == [{"like": 3}]

    like(stage, 0, c8=1)
    stage.channel.publish(spoken(8))
    stage.flush()
    assert shown(viewer) == [{"like": 3}, {"like": 1}]
    assert shown(stage.join(backlog=9)) == [{"like": 3}, {"like": 1}]


def test_an_edited_comment_keeps_its_reactions() -> None:
    stage = Stage()
    stage.channel.publish(spoken(1))
    stage.flush()
    like(stage, 0, c1=3)
    stage.seconds_pass(WAIT)
    stage.channel.replace(1, spoken(1, '{"like":2}'))
    assert shown(stage.join(backlog=9)) == [{"like": 3}]
    like(stage, 0, c1=4)
    stage.seconds_pass(WAIT)
    assert shown(stage.join(backlog=9)) == [{"like": 4}]


def test_a_deleted_comment_does_not_come_back_by_its_reactions() -> None:
    stage = Stage()
    stage.channel.publish(spoken(1))
    stage.flush()
    stage.channel.replace(1, None)
    like(stage, 0, c1=3)
    stage.seconds_pass(WAIT)
    assert shown(stage.join(backlog=9)) == []


def test_totals_forgotten_before_they_were_told_are_counted() -> None:
    stage = Stage(ChannelLimits(reaction_comments=2))
    viewer = stage.join()
    like(stage, 0, c1=1, c2=1, c3=1)
    stage.seconds_pass(WAIT)
    assert totals_of(viewer)[0]["comments"].keys() == {"2", "3"}
    assert stage.metric("dropped_total", reason="crowded_out") == 1


def test_between_two_counts_there_is_time_whatever_they_could_ride_with() -> None:
    stage = Stage()
    viewer = stage.join()
    went_at: list[float] = []
    for number in range(1, 40):
        stage.channel.publish(frames.viewers_frame(number))
        stage.channel.publish(comment(number))
        before = len(counts(viewer))
        stage.seconds_pass(1)
        if len(counts(viewer)) > before:
            went_at.append(stage.time.now)

    gaps = [later - at for at, later in pairwise(went_at)]
    assert len(gaps) > 4
    assert all(ChannelLimits().viewers_gap_s <= gap <= GAP for gap in gaps)


def test_a_count_that_viewers_have_already_does_not_go() -> None:
    stage = Stage()
    viewer = stage.join()
    stage.channel.publish(frames.viewers_frame(3))
    stage.seconds_pass(WAIT)
    stage.channel.publish(frames.viewers_frame(3))
    stage.channel.publish(frames.viewers_frame(4))
    stage.channel.publish(frames.viewers_frame(3))
    stage.seconds_pass(20)
    assert counts(viewer) == [watching(3)]


def test_who_joins_knows_at_once_how_many_watch() -> None:
    stage = Stage()
    stage.channel.publish(comment(1))
    stage.channel.publish(frames.viewers_frame(3))
    stage.flush()
    for event_id in range(2, 5_000):  # until it has long left the ring
        stage.channel.publish(comment(event_id))
        stage.flush()

    for room in (1 << 60, 0, len(OPENING) + 5):
        viewer = stage.join(backlog=2, room=room)
        viewer.give_room(1 << 60)
        assert kinds(viewer) == ["viewers", "comment", "comment"]
        assert counts(viewer) == [watching(3)]


def test_a_count_that_came_before_the_history_goes_out_after_it() -> None:
    """The first viewer is counted while the channel opens."""
    stage = Stage(seeded=False)
    stage.channel.publish(frames.viewers_frame(1))
    stage.seconds_pass(WAIT)
    stage.channel.seed([comment(1)])
    viewer = stage.join(backlog=1)
    stage.seconds_pass(WAIT)
    assert kinds(viewer) == ["comment", "viewers"]


def test_riders_go_with_the_end_and_never_after_it() -> None:
    stage = Stage()
    viewer = stage.join()
    stage.channel.publish(frames.viewers_frame(1))
    like(stage)
    stage.channel.publish(frames.end_frame(9))
    stage.flush()
    assert kinds(viewer) == ["reactions", "viewers", "end"]
    assert not stage.channel.publish(frames.viewers_frame(2))

    stage = Stage()
    stage.channel.publish(frames.viewers_frame(1))
    stage.seconds_pass(WAIT)
    stage.channel.publish(frames.viewers_frame(2))  # too soon to ride
    stage.channel.publish(frames.end_frame(9))
    stage.flush()
    stage.seconds_pass(20)
    late = stage.join(backlog=1)
    assert kinds(late) == ["viewers", "end"]
    assert counts(late) == [watching(1)]


def test_a_rider_that_came_while_a_round_goes_on_goes_after_it() -> None:
    stage = Stage(ChannelLimits(group_size=1))
    viewers = [stage.join() for _ in range(3)]
    stage.channel.publish(comment(1))
    stage.channel.step()
    stage.channel.publish(frames.viewers_frame(3))
    stage.seconds_pass(WAIT)
    assert [kinds(viewer) for viewer in viewers] == [["comment", "viewers"]] * 3


def test_heartbeats_go_only_where_nothing_else_went() -> None:
    stage = Stage()
    viewer = stage.join()
    for count in range(1, 7):
        stage.channel.publish(frames.viewers_frame(count))
        stage.seconds_pass(10)
    assert stage.metric("heartbeats_total") == 0
    assert stage.metric("flushes_total", cause="heartbeat") is None
    assert len(counts(viewer)) == 6

    stage.seconds_pass(60)
    assert stage.metric("heartbeats_total") == stage.metric("flushes_total", cause="heartbeat") == 4
