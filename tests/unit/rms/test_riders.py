"""What can ride does not go alone, and what rides does not wait for ever."""

from __future__ import annotations

from itertools import pairwise

import pytest

from rms import frames
from rms.channel_limits import ChannelLimits
from rms.frames import Frame
from tests.unit.rms.fake_link import FakeViewer
from tests.unit.rms.sse import parse
from tests.unit.rms.stage import OPENING, Stage, comment

# As many as make the stage's clock go over the wait.
WAIT = 3
GAP = 6


def reactions(likes: int) -> Frame:
    return frames.encode(frames.REACTIONS, b'{"video":{"like":%d},"comments":{}}' % likes)


def kinds(viewer: FakeViewer) -> list[str]:
    return [message.type for message in parse(viewer.received).messages]


def counts(viewer: FakeViewer) -> list[str]:
    return [message.data for message in parse(viewer.received).messages if message.type == "viewers"]


def watching(count: int) -> str:
    return f'{{"count":{count}}}'


@pytest.mark.parametrize("rider", [frames.viewers_frame(7), reactions(1)])
def test_a_rider_waits_for_a_comment_and_goes_with_it_in_one_send(rider: Frame) -> None:
    stage = Stage()
    viewer = stage.join()
    assert stage.channel.publish(rider)
    stage.flush()
    assert not kinds(viewer)

    stage.channel.publish(comment(1))
    stage.flush()

    assert kinds(viewer) == ["comment", rider.kind]
    assert stage.metric("flushes_total", cause="event") == 1
    stage.seconds_pass(10)
    assert kinds(viewer) == ["comment", rider.kind], "it goes once"
    assert stage.metric("flushes_total", cause="rider") is None


@pytest.mark.parametrize("rider", [frames.viewers_frame(7), reactions(1)])
def test_a_rider_goes_alone_once_it_has_waited_long_enough(rider: Frame) -> None:
    stage = Stage()
    viewer = stage.join()
    stage.channel.publish(rider)
    stage.seconds_pass(1)
    assert not kinds(viewer)

    stage.seconds_pass(WAIT - 1)

    assert kinds(viewer) == [rider.kind]
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


def test_of_reactions_that_wait_all_go() -> None:
    """Each tells what changed, so none of them stands for another."""
    stage = Stage()
    viewer = stage.join()
    for likes in (1, 2):
        stage.channel.publish(reactions(likes))
    stage.seconds_pass(WAIT)

    assert [message.data for message in parse(viewer.received).messages] == [
        '{"video":{"like":1},"comments":{}}',
        '{"video":{"like":2},"comments":{}}',
    ]
    assert stage.metric("flushes_total", cause="rider") == 1


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
    stage.channel.publish(reactions(1))
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


def test_riders_wait_within_the_bounds_of_the_ring() -> None:
    stage = Stage(ChannelLimits(max_frames=10))
    viewer = stage.join()
    for likes in range(100):
        stage.channel.publish(reactions(likes))
        stage.channel.step()
        assert len(stage.channel._riders) < 5
    assert len(kinds(viewer)) == 100


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
