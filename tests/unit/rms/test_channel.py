"""One channel as its viewers, its hub and its operator see it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest

from rms import frames
from rms.channel_limits import ChannelLimits
from rms.reasons import CloseReason
from tests.unit.rms.fake_link import ENDLESS, FakeLink, FakeViewer
from tests.unit.rms.sse import parse
from tests.unit.rms.stage import OPENING, Stage, comment, ids

# -- publishing -----------------------------------------------------------------------------------------------


def test_what_gathers_goes_out_in_one_piece_and_in_id_order() -> None:
    stage = Stage()
    viewer = stage.join()
    sends: list[bytes] = []
    offer = viewer.offer
    viewer.offer = lambda data: sends.append(data) or offer(data)  # type: ignore[method-assign,func-returns-value]

    for event_id in (30, 10, 20):
        assert stage.channel.publish(comment(event_id))
    stage.channel.publish(frames.viewers_frame(7))
    stage.flush()

    assert ids(viewer) == [10, 20, 30]
    assert len(sends) == 1
    assert stage.metric("flushes_total", cause="event") == 1


def test_a_repeat_is_dropped_also_when_its_frame_is_long_gone() -> None:
    stage = Stage(ChannelLimits(max_frames=2))
    viewer = stage.join()
    for event_id in range(1, 11):
        stage.channel.publish(comment(event_id))
        stage.flush()

    assert not stage.channel.publish(comment(1))
    assert not stage.channel.publish(comment(10))
    stage.flush()

    assert ids(viewer) == list(range(1, 11))
    assert stage.channel.has(1)
    assert not stage.channel.has(11)
    assert stage.metric("dropped_total", reason="repeat") == 2


def test_history_and_what_came_meanwhile_are_merged_by_id() -> None:
    stage = Stage(seeded=False)
    for event_id in (5, 3):
        assert stage.channel.publish(comment(event_id))
    stage.flush()
    assert not stage.channel.live

    stage.channel.seed([comment(event_id) for event_id in (1, 2, 3, 4)])

    assert stage.channel.live
    assert ids(stage.join(backlog=10)) == [1, 2, 3, 4, 5]
    assert (min(stage.channel.comment_ids), stage.channel.newest_id) == (1, 5)


def test_before_it_is_live_it_holds_no_more_than_its_ring() -> None:
    stage = Stage(ChannelLimits(max_frames=4), seeded=False)
    for event_id in range(1, 100):
        stage.channel.publish(comment(event_id))
    assert len(stage.channel._gathered) == 4

    stage.channel.seed(())

    assert ids(stage.join(backlog=10)) == [96, 97, 98, 99]


def test_a_channel_is_seeded_once_and_joined_live() -> None:
    stage = Stage(seeded=False)
    with pytest.raises(RuntimeError, match="live"):
        stage.join()
    with pytest.raises(RuntimeError, match="live"):
        stage.channel.resume(stage.link.viewer(), OPENING, position=0)
    stage.channel.seed(())
    with pytest.raises(RuntimeError, match="once"):
        stage.channel.seed(())


def test_a_deleted_comment_reaches_nobody_any_more() -> None:
    stage = Stage()
    for event_id in (1, 2, 3):
        stage.channel.publish(comment(event_id))
    stage.flush()
    before = stage.join(backlog=10)
    stage.channel.publish(comment(4))

    stage.channel.replace(2, None)
    stage.channel.replace(4, None)
    stage.flush()

    resumed = stage.link.viewer()
    position = stage.channel.position_after(1)
    assert position is not None
    stage.channel.resume(resumed, OPENING, position=position)
    assert ids(before) == [1, 2, 3]
    assert ids(resumed) == [3]
    assert ids(stage.join(backlog=10)) == [1, 3]


def ids_sent(viewer: FakeViewer) -> list[int]:
    messages = parse(viewer.text).messages
    return [int(message.last_event_id) for message in messages if message.type == "comment"]


@pytest.mark.parametrize("gzip", [False, True])
def test_who_has_yet_to_be_sent_what_is_deleted_is_not(gzip: bool) -> None:
    stage = Stage(ChannelLimits(group_size=1))
    viewers = [stage.link.viewer() for _ in range(3)]
    for viewer in viewers:
        stage.channel.join(viewer, OPENING, gzip=gzip)
    stage.channel.publish(comment(1))
    stage.channel.publish(comment(2))
    while not ids_sent(viewers[0]):
        stage.channel.step()
    assert not any(ids_sent(viewer) for viewer in viewers[1:])
    stage.channel.replace(1, None)
    stage.flush()
    assert [ids_sent(viewer) for viewer in viewers] == [[1, 2], [2], [2]]


def test_a_laggard_is_not_sent_what_is_deleted_meanwhile() -> None:
    stage = Stage()
    slow = stage.join(room=len(OPENING))
    for event_id in (1, 2, 3):
        stage.channel.publish(comment(event_id))
    stage.flush()
    stage.channel.replace(2, None)
    stage.channel.publish(frames.encode(frames.DELETE, b"{}", 4))
    stage.flush()
    slow.give_room(ENDLESS)
    assert [message.type for message in parse(slow.received).messages] == ["comment", "comment", "delete"]
    assert ids(slow) == [1, 3]


def test_an_edited_comment_is_replayed_as_it_now_stands() -> None:
    stage = Stage()
    stage.channel.publish(comment(1, "befor"))
    stage.flush()
    stage.join(backlog=10)

    stage.channel.replace(1, comment(1, "after"))

    (message,) = parse(stage.join(backlog=10).received).messages
    assert message.data == "after"


# -- joining --------------------------------------------------------------------------------------------------


def test_the_first_page_is_joined_once_until_the_next_flush() -> None:
    stage = Stage()
    for event_id in range(1, 6):
        stage.channel.publish(comment(event_id))
    stage.flush()
    made: list[int] = []
    first_page = stage.channel._ring.first_page
    stage.channel._ring.first_page = lambda backlog: made.append(backlog) or first_page(backlog)  # type: ignore[method-assign,func-returns-value]

    viewers = [stage.join(backlog=3) for _ in range(10)]
    assert made == [3]
    stage.channel.publish(comment(6))
    stage.flush()

    assert [ids(viewer) for viewer in viewers] == [[3, 4, 5, 6]] * 10
    assert ids(stage.join(backlog=3)) == [4, 5, 6]


def test_a_resume_from_the_ring_has_no_copy_of_its_own() -> None:
    stage = Stage()
    for event_id in range(1, 101):
        stage.channel.publish(comment(event_id, "x" * 200))
    stage.flush()
    viewer = stage.link.viewer(room=0)
    position = stage.channel.position_after(1)
    assert position == 1

    stage.channel.resume(viewer, OPENING, position=position)
    assert viewer.laggard is not None
    assert viewer.laggard._tail == OPENING

    viewer.give_room(ENDLESS)
    assert ids(viewer) == list(range(2, 101))
    assert stage.channel.laggards == 0


def test_a_position_that_the_ring_does_not_hold_is_refused() -> None:
    stage = Stage(ChannelLimits(max_frames=2))
    for event_id in range(1, 10):
        stage.channel.publish(comment(event_id))
        stage.flush()
    for position in (0, 10):
        with pytest.raises(ValueError, match="not in the ring"):
            stage.channel.resume(stage.link.viewer(), OPENING, position=position)


def test_a_viewer_that_closed_meanwhile_is_ignored_and_one_that_is_attached_refused() -> None:
    stage = Stage()
    closed = stage.link.viewer()
    closed.close()
    stage.channel.join(closed, OPENING)
    assert stage.channel.viewers == 0

    viewer = stage.join()
    with pytest.raises(ValueError, match="attached"):
        stage.channel.join(viewer, OPENING)
    assert stage.channel.viewers == 1


def test_a_join_in_the_middle_of_a_flush_gets_all_of_it_once() -> None:
    stage = Stage(ChannelLimits(group_size=1))
    early = [stage.join() for _ in range(4)]
    stage.channel.publish(comment(1))
    assert stage.channel.step(), "one group has been sent to, three have not"

    late = stage.join(backlog=1)
    early.pop(0)
    stage.channel.detach(early.pop(1), CloseReason.HUNG_UP)
    stage.channel.publish(comment(2))
    stage.flush()

    assert [ids(viewer) for viewer in [*early, late]] == [[1, 2]] * 3


# -- slow viewers ---------------------------------------------------------------------------------------------


def test_a_slow_viewer_holds_nobody_up_and_catches_up() -> None:
    stage = Stage()
    slow, fast = stage.join(room=len(OPENING) + 20), stage.join()
    for event_id in range(1, 50):
        stage.channel.publish(comment(event_id))
        stage.flush()

    assert ids(fast) == list(range(1, 50))
    assert (stage.channel.laggards, stage.metric("laggards")) == (1, 1)
    slow.give_room(ENDLESS)
    assert ids(slow) == list(range(1, 50))
    assert (stage.channel.laggards, stage.metric("laggards")) == (0, 0)


def test_who_falls_off_the_ring_is_told_from_where_to_read_the_rest() -> None:
    stage = Stage(ChannelLimits(max_frames=4))
    slow = stage.join(room=len(OPENING))
    stage.channel.publish(comment(10))
    stage.flush()
    for event_id in (20, 15, 30, 40, 50):
        stage.channel.publish(comment(event_id))
        stage.flush()

    slow.give_room(ENDLESS)
    stage.channel.publish(comment(60))
    stage.flush()

    resync, *live = parse(slow.received).messages
    assert (resync.type, json.loads(resync.data)) == ("resync", {"after": "0", "reason": "fell_behind"})
    assert [message.last_event_id for message in live] == ["50", "60"], "live again from where it fell off"
    assert stage.metric("resyncs_total", reason="fell_behind") == 1


def test_more_than_a_round_can_wait_for_goes_to_the_ring_at_once() -> None:
    stage = Stage(ChannelLimits(max_frames=100))
    stage.join()
    for event_id in range(1, 1000):
        stage.channel.publish(comment(event_id))
        assert len(stage.channel._gathered) < 50
    assert stage.channel._ring.end - stage.channel._ring.first <= 100


def test_a_viewer_that_takes_nothing_for_twenty_seconds_is_closed() -> None:
    stage = Stage()
    stalled, slow, fine = stage.join(room=len(OPENING)), stage.join(room=len(OPENING)), stage.join()
    stage.channel.publish(comment(1))
    stage.flush()

    stage.seconds_pass(15)
    slow.give_room(1)
    assert stage.gone == []
    stage.seconds_pass(8)

    assert stage.gone == [(stalled, CloseReason.STALLED)]
    assert stalled.closed
    assert not slow.closed
    assert not fine.closed
    assert stage.metric("closed_total", reason="stalled") == 1
    stage.seconds_pass(25)
    assert stage.gone[1:] == [(slow, CloseReason.STALLED)]


def test_one_slow_link_holds_up_no_other() -> None:
    stage = Stage()
    other = FakeLink()
    held, free = stage.join(), other.viewer()
    stage.channel.join(free, OPENING)
    stage.link.busy = True

    for event_id in range(1, 4):
        stage.channel.publish(comment(event_id))
        stage.flush()
    assert ids(free) == [1, 2, 3]
    assert ids(held) == []

    stage.link.busy = False
    assert held.audience is not None
    held.audience.on_link_ready()
    stage.flush()
    assert ids(held) == [1, 2, 3]
    assert stage.channel.laggards == 0


def test_a_link_that_takes_a_few_groups_at_a_time_serves_all_in_turn() -> None:
    stage = Stage(ChannelLimits(group_size=1))
    viewers = [stage.join() for _ in range(6)]
    for event_id in range(1, 10):
        stage.channel.publish(comment(event_id))
        stage.link.takes, stage.link.busy = 2, False
        assert viewers[0].audience is not None
        viewers[0].audience.on_link_ready()
        stage.flush()
    assert [len(ids(viewer)) >= 6 for viewer in viewers] == [True] * 6
    assert stage.channel.laggards == 0


# -- silence --------------------------------------------------------------------------------------------------


def test_heartbeats_come_only_in_silence() -> None:
    stage = Stage()
    viewer = stage.join()
    for event_id in range(1, 40):
        stage.channel.publish(comment(event_id))
        stage.seconds_pass(1)
    assert parse(viewer.received).comments == 0

    stage.seconds_pass(60)

    assert parse(viewer.received).comments in (3, 4)
    assert stage.metric("heartbeats_total") == parse(viewer.received).comments
    assert ids(viewer) == list(range(1, 40))


def test_a_heartbeat_that_has_not_gone_yet_gives_way_to_what_cannot_wait() -> None:
    stage = Stage(ChannelLimits(group_size=1, max_frames=4))
    gone, steady = stage.join(), stage.join()
    stage.time.now += 16
    for _ in range(16):
        stage.wheel.advance()
    for event_id in (1, 2):
        stage.channel.publish(comment(event_id))
    assert stage.metric("flushes_total", cause="heartbeat") == stage.metric("flushes_total", cause="event") == 1
    late = stage.join(backlog=10)
    stage.channel.detach(gone, CloseReason.HUNG_UP)
    stage.flush()

    stage.channel.publish(comment(3))
    stage.flush()

    assert ids(late) == ids(steady) == [1, 2, 3]
    assert parse(late.received).comments == 0


# -- ends -----------------------------------------------------------------------------------------------------


def test_the_end_is_the_last_thing_and_closes_each_viewer_that_has_it() -> None:
    stage = Stage(ChannelLimits(group_size=1))
    fast, slow = stage.join(), stage.join(room=len(OPENING) + 5)
    stage.channel.publish(comment(20))

    assert stage.channel.publish(frames.end_frame(10))
    assert not stage.channel.publish(comment(30))
    stage.flush()

    assert stage.gone == [(fast, CloseReason.ENDED)]
    slow.give_room(ENDLESS)
    assert stage.gone[1:] == [(slow, CloseReason.ENDED)]
    for viewer in (fast, slow):
        assert [message.type for message in parse(viewer.received).messages] == ["comment", "end"]
    assert stage.metric("dropped_total", reason="ended") == 1
    late = stage.join(backlog=5)
    assert [message.type for message in parse(late.received).messages] == ["comment", "end"]
    assert late.closed


def test_detaching_is_reported_once() -> None:
    stage = Stage()
    viewer = stage.join()

    stage.channel.detach(viewer, CloseReason.HUNG_UP)
    stage.channel.detach(viewer, CloseReason.MAX_AGE)

    assert stage.gone == [(viewer, CloseReason.HUNG_UP)]
    assert (stage.channel.viewers, stage.metric("viewers")) == (0, 0)
    assert stage.metric("closed_total", reason="hung_up") == 1


async def test_draining_sends_a_last_frame_and_closes_some_at_a_time() -> None:
    stage = Stage(ChannelLimits(group_size=2))
    viewers = [stage.join() for _ in range(6)]
    cut = stage.join(room=len(OPENING) + 5)
    stage.channel.publish(comment(1))
    stage.flush()
    sleeps: list[float] = []
    delays = iter(range(100, 1000, 100))

    await with_sleep(
        sleeps.append,
        lambda: stage.channel.close_all(
            CloseReason.DRAINING, lambda: frames.reconnect_frame(next(delays)), spread_s=8.0
        ),
    )

    assert len(sleeps) == 4
    assert sum(sleeps) <= 8.0
    assert sleeps[1:] == [2.0] * 3
    assert stage.channel.viewers == 0
    assert {reason for _, reason in stage.gone} == {CloseReason.DRAINING}
    told = [parse(viewer.received).messages[-1] for viewer in viewers]
    assert sorted(json.loads(message.data)["afterMs"] for message in told) == [100, 200, 300, 400, 500, 600]
    assert b"reconnect" not in cut.received


async def with_sleep(slept: Callable[[float], None], run: Callable[[], object]) -> None:
    async def sleep(seconds: float) -> None:
        slept(seconds)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio, "sleep", sleep)
        await run()  # type: ignore[misc]


def test_a_closed_channel_leaves_nothing_behind() -> None:
    stage = Stage()
    viewer = stage.join()
    stage.channel.publish(comment(1))

    stage.channel.close()
    stage.channel.close()
    stage.seconds_pass(40)

    assert stage.gone == [(viewer, CloseReason.DRAINING)]
    assert not stage.channel.live
    assert len(stage.wheel) == 0
    assert len(stage.pump) == 0
