"""Gzip viewers of one channel: what each of them can decode, and when they share what was compressed once."""

from __future__ import annotations

import random

import pytest
from prometheus_client import CollectorRegistry

from rms import frames
from rms.ages import Ages
from rms.channel import Channel
from rms.channel_limits import ChannelLimits
from rms.encoders import EncoderLimits, Encoders
from rms.frames import Frame
from rms.metrics import RmsMetrics
from rms.pump import Pump
from rms.reasons import CloseReason
from rms.wheel import Wheel
from tests.unit.rms.fake_link import ENDLESS, FakeLink, FakeViewer
from tests.unit.rms.fake_time import FakeTime

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"
OPENING = frames.opening(1000)
PHRASE = random.Random(1).randbytes(100).hex().encode()


class Stage:
    """A channel that is compressed for two viewers, whose frames are 256 bytes: 16 of them fill the window."""

    def __init__(self, limits: ChannelLimits | None = None) -> None:
        self.time = FakeTime()
        self.wheel = Wheel(slot_s=1.0)
        self.registry = CollectorRegistry()
        self.link = FakeLink()
        self.sent: list[bytes] = []
        metrics = RmsMetrics(self.registry)
        self.encoders = Encoders(metrics, EncoderLimits(min_viewers=2), clock=self.time, cpu=lambda: 0.0)
        self.channel = Channel(
            "match-42",
            pump=Pump(loop=self.time),
            wheel=self.wheel,
            metrics=metrics,
            limits=limits,
            encoders=self.encoders,
            clock=self.time,
        )
        self.channel.seed(())

    def join(self, backlog: int = 0, room: int = ENDLESS) -> FakeViewer:
        viewer = self.link.viewer(room, head_bytes=len(HEAD))
        self.channel.join(viewer, OPENING, backlog=backlog, head=HEAD, gzip=True)
        return viewer

    def say(self, count: int = 1, kind: str = frames.COMMENT) -> None:
        """So many frames, each in a flush of its own."""
        for _ in range(count):
            number = len(self.sent) + 1
            room = 256 - len(frames.encode(kind, b"", 1000 + number).data)
            text = (b"%d " % number + PHRASE * 2)[:room]
            frame = frames.encode(kind, text, 1000 + number)
            self.channel.publish(frame)
            self.sent.append(frame.data)
            self.flush()

    def flush(self) -> None:
        self.time.run_until(self.time.now + 0.1)

    def silence(self, seconds: int = 16) -> None:
        for _ in range(seconds):
            self.time.now += 1
            self.wheel.advance()
            self.flush()

    def deliveries(self, block: str) -> float:
        value = self.registry.get_sample_value("livecomments_rms_gzip_deliveries_total", {"block": block})
        return value or 0.0

    def groups(self) -> int:
        return len(self.channel._audience._groups)


def text_of(viewer: FakeViewer) -> bytes:
    assert viewer.text.startswith(HEAD + OPENING)
    return viewer.text.removeprefix(HEAD + OPENING)


def test_who_was_there_from_the_start_shares_at_once_for_a_fraction_of_the_bytes() -> None:
    stage = Stage()
    viewers = [stage.join() for _ in range(3)]

    stage.say(30)

    assert stage.deliveries("shared") == 90
    for viewer in viewers:
        assert text_of(viewer) == b"".join(stage.sent)
        assert len(viewer.received) < 0.2 * len(viewer.text)
    assert stage.registry.get_sample_value("livecomments_rms_gzip_viewers") == 3


def test_a_newcomer_gathers_a_window_and_then_shares_with_the_others() -> None:
    stage = Stage()
    _ = [stage.join() for _ in range(3)]
    stage.say(20)
    newcomer = stage.join(backlog=3)
    assert stage.groups() == 2

    stage.say(12)
    assert stage.deliveries("stored") == 12, "with the page's three it has 15"
    stage.say(1)
    assert stage.groups() == 1, "it has moved over to the others"
    stage.say(1)

    assert stage.deliveries("stored") == 13
    assert text_of(newcomer) == b"".join(stage.sent[17:])


def test_a_page_of_a_whole_window_is_enough_to_share_at_once() -> None:
    stage = Stage()
    _ = [stage.join() for _ in range(2)]
    stage.say(20)

    newcomer = stage.join(backlog=16)
    stage.say(1)

    assert stage.deliveries("stored") == 0
    assert text_of(newcomer) == b"".join(stage.sent[4:])


def test_a_page_that_leaves_something_out_is_not_the_stream() -> None:
    stage = Stage()
    _ = [stage.join() for _ in range(2)]
    stage.say(10)
    stage.say(1, frames.EDIT)
    stage.say(9)

    newcomer = stage.join(backlog=16)
    stage.say(1)

    assert stage.deliveries("stored") == 1
    assert text_of(newcomer) == b"".join([*stage.sent[3:10], *stage.sent[11:]])


@pytest.mark.parametrize("edited", [None, frames.encode(frames.COMMENT, b"better", 1028)], ids=["deleted", "edited"])
@pytest.mark.parametrize("how", ["join", "resume"])
def test_a_comment_rewritten_since_is_no_part_of_what_a_newcomer_has_in_a_row(how: str, edited: Frame | None) -> None:
    stage = Stage()
    _ = [stage.join() for _ in range(2)]
    stage.say(30)
    stage.channel.replace(1028, edited)

    if how == "join":
        newcomer = stage.join(backlog=29)
    else:
        newcomer = stage.link.viewer(head_bytes=len(HEAD))
        stage.channel.resume(newcomer, OPENING, position=0, head=HEAD, gzip=True)
    stage.say(14)
    assert stage.deliveries("stored") == 14
    stage.say(3)

    assert stage.deliveries("stored") == 14
    before = stage.sent[1:27] if how == "join" and edited is not None else stage.sent[:27]
    assert text_of(newcomer) == b"".join([*before, edited.data if edited else b"", *stage.sent[28:]])


def test_a_page_taken_bit_by_bit_is_not_the_stream_where_it_leaves_something_out() -> None:
    stage = Stage()
    _ = [stage.join() for _ in range(2)]
    stage.say(10)
    stage.say(1, frames.EDIT)
    stage.say(9)

    newcomer = stage.join(backlog=16, room=600)
    newcomer.give_room(ENDLESS)
    stage.say(7)
    assert stage.deliveries("stored") == 7
    stage.say(1)

    assert stage.deliveries("stored") == 7
    assert text_of(newcomer) == b"".join([*stage.sent[3:10], *stage.sent[11:]])


def test_a_slow_viewer_takes_the_rest_of_its_block_and_goes_on_with_blocks() -> None:
    stage = Stage()
    viewers = [stage.join() for _ in range(3)]
    stage.say(3)
    slow = viewers[0]
    slow.room = 10

    stage.say(5)
    assert stage.channel.laggards == 1
    assert slow.laggard is not None
    assert len(slow.laggard._tail) < 100
    slow.give_room(ENDLESS)

    assert stage.channel.laggards == 0
    assert text_of(slow) == b"".join(stage.sent)
    assert len(slow.received) == len(viewers[1].received), "the very same bytes"


def test_a_busy_link_catches_up_with_blocks() -> None:
    stage = Stage()
    viewers = [stage.join() for _ in range(3)]
    other = FakeLink()
    behind = [other.viewer(head_bytes=len(HEAD)) for _ in range(2)]
    for viewer in behind:
        stage.channel.join(viewer, OPENING, head=HEAD, gzip=True)
    stage.say(1)
    other.busy = True
    stage.say(9)

    other.busy = False
    stage.channel._audience.on_link_ready()
    stage.flush()

    assert {viewer.received for viewer in behind} == {viewers[0].received}
    assert stage.deliveries("stored") == 0


def test_a_busy_link_catches_up_without_what_was_deleted_meanwhile() -> None:
    stage = Stage()
    _ = [stage.join() for _ in range(2)]
    other = FakeLink()
    behind = other.viewer(head_bytes=len(HEAD))
    stage.channel.join(behind, OPENING, head=HEAD, gzip=True)
    stage.say(20)
    other.busy = True
    stage.say(4)
    stage.channel.replace(1022, None)

    other.busy = False
    stage.channel._audience.on_link_ready()
    stage.flush()
    assert stage.deliveries("stored") == 3
    stage.say(14)
    assert stage.deliveries("stored") == 17
    stage.say(1)

    assert stage.deliveries("stored") == 17
    assert text_of(behind) == b"".join([*stage.sent[:21], *stage.sent[22:]])


def test_who_falls_off_the_ring_gathers_anew_behind_its_resync() -> None:
    stage = Stage(ChannelLimits(max_frames=20))
    viewers = [stage.join() for _ in range(3)]
    stage.say(30)
    viewers[0].room = 0
    stage.say(25)
    viewers[0].give_room(ENDLESS)

    stage.say(12)
    assert stage.deliveries("stored") == 12, "four more came while it was slow"
    stage.say(2)

    assert stage.deliveries("stored") == 12
    before, _, after = text_of(viewers[0]).partition(b"event: resync\n")
    assert before == b"".join(stage.sent[:30])
    assert after.partition(b"\n\n")[2] == b"".join(stage.sent[51:])


def test_a_heartbeat_ends_the_history_and_everyone_shares_the_next() -> None:
    stage = Stage()
    viewers = [stage.join() for _ in range(3)]
    stage.say(20)
    assert len(stage.encoders) == 1

    stage.silence()
    assert len(stage.encoders) == 0, "a silent channel gives its memory back"
    newcomer = stage.join()
    stage.say(20)

    assert stage.deliveries("stored") == 0
    for viewer in viewers:
        assert text_of(viewer) == b"".join([*stage.sent[:20], frames.HEARTBEAT.data, *stage.sent[20:]])
    assert text_of(newcomer) == b"".join(stage.sent[20:])


def test_too_few_viewers_get_what_is_not_smaller_and_is_right() -> None:
    stage = Stage()
    plain = [stage.link.viewer() for _ in range(5)]
    for viewer in plain:
        stage.channel.join(viewer, OPENING)
    lonely = stage.join()
    stage.say(20)
    assert len(stage.encoders) == 0

    second = stage.join()
    stage.say(20)
    assert stage.deliveries("shared") == 40
    stage.channel.detach(second, CloseReason.HUNG_UP)
    stage.channel.detach(lonely, CloseReason.HUNG_UP)
    stage.say(1)

    assert len(stage.encoders) == 0
    assert text_of(lonely) == b"".join(stage.sent[:40])
    assert {viewer.received for viewer in plain} == {OPENING + b"".join(stage.sent)}
    assert stage.registry.get_sample_value("livecomments_rms_gzip_viewers") == 0


def test_many_who_come_one_by_one_end_in_full_groups() -> None:
    stage = Stage(ChannelLimits(group_size=8))
    viewers = [stage.join() for _ in range(2)]
    for _ in range(38):
        viewers.append(stage.join())
        stage.say(1)

    stage.say(20)

    assert stage.groups() <= 6, "of at most eight"
    for number, viewer in enumerate(viewers[2:]):
        assert text_of(viewer) == b"".join(stage.sent[number:])


async def test_last_words_can_be_read() -> None:
    stage = Stage()
    viewers = [stage.join() for _ in range(3)]
    stage.say(3)
    farewell = frames.reconnect_frame(7)
    ages = Ages(1.0, jitter=0.0, farewell=lambda: farewell)
    ages.add(viewers[0])
    ages.advance()

    await stage.channel.close_all(CloseReason.DRAINING, lambda: farewell)

    for viewer in viewers:
        assert viewer.closed
        assert text_of(viewer) == b"".join([*stage.sent, farewell.data])


def test_the_end_is_read_by_all_and_closes_them() -> None:
    stage = Stage()
    viewers = [stage.join() for _ in range(3)]
    stage.say(3)
    end: Frame = frames.end_frame(9999)
    stage.channel.publish(end)
    stage.flush()

    for viewer in viewers:
        assert viewer.closed
        assert text_of(viewer) == b"".join([*stage.sent, end.data])


def test_a_channel_that_closes_gives_its_history_back() -> None:
    stage = Stage()
    _ = [stage.join() for _ in range(3)]
    stage.say(1)
    stage.channel.close()
    assert len(stage.encoders) == 0
