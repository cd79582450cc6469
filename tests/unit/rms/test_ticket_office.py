"""When a video's viewers get which ticket, by clocks that the test moves."""

from __future__ import annotations

import itertools
import json

from prometheus_client import CollectorRegistry

from rms.channel import Channel
from rms.frames import Frame
from rms.metrics import RmsMetrics
from rms.pump import Pump
from rms.tickets import TicketOffice
from rms.wheel import Wheel
from service_kit.auth.tickets import Tickets

TICKETS = Tickets(["a secret of the tests, long enough for tickets"])
LIFETIME_S = 120.0


class Time:
    """A wall clock and a wheel that turn together."""

    def __init__(self) -> None:
        self.now_s = 1_795_262_400.0
        self.wheel = Wheel()

    def __call__(self) -> float:
        return self.now_s

    def pass_(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.5)):
            self.now_s += 0.5
            self.wheel.advance()


class Recorded(Channel):
    """A channel that remembers what it was given."""

    def __init__(self, video: str, *, watched: bool = True) -> None:
        super().__init__(video, pump=Pump(), wheel=Wheel(), metrics=RmsMetrics(CollectorRegistry()))
        self.published: list[Frame] = []
        self.watched = watched
        self.seed(())

    @property
    def viewers(self) -> int:
        return int(self.watched)

    def publish(self, frame: Frame) -> bool:
        self.published.append(frame)
        return True


def office(time: Time) -> TicketOffice:
    return TicketOffice(TICKETS, time.wheel, lifetime_s=LIFETIME_S, now_s=time)


def ticket_of(frame: Frame) -> str:
    (data,) = [line for line in frame.data.split(b"\n") if line.startswith(b"data: ")]
    return str(json.loads(data[6:])["ticket"])


def test_whenever_somebody_joins_the_ticket_is_good_for_two_thirds_of_its_life() -> None:
    time = Time()
    tickets = office(time)
    for _ in range(1_000):
        time.now_s += 0.37
        ticket = ticket_of(tickets.frame("match-42"))
        TICKETS.check(ticket, "match-42", time.now_s + LIFETIME_S * 2 / 3)
        assert int(ticket.split(".")[1]) <= time.now_s + LIFETIME_S + 1


def test_viewers_have_a_new_ticket_each_third_long_before_the_old_one_is_over() -> None:
    time = Time()
    tickets, channel = office(time), Recorded("match-42")
    first = ticket_of(tickets.frame("match-42"))
    tickets.renew(channel)
    time.pass_(20 * LIFETIME_S / 3)
    told = [first, *map(ticket_of, channel.published)]
    assert len(told) == len(set(told)) == 21
    ends = [int(ticket.split(".")[1]) for ticket in told]
    assert all(later - earlier == 40 for earlier, later in itertools.pairwise(ends))
    assert b"event: ticket\n" in channel.published[0].data


def test_all_nodes_give_the_same_ticket_and_videos_change_theirs_at_their_own_time() -> None:
    time = Time()
    here, there = office(time), office(time)
    videos = [f"v{number}" for number in range(50)]
    changes: list[float] = []
    before = {video: here.frame(video).data for video in videos}
    for _ in range(80):
        time.now_s += 0.5
        for video in videos:
            assert here.frame(video).data == there.frame(video).data
            if here.frame(video).data != before[video]:
                before[video] = here.frame(video).data
                changes.append(time.now_s)
    assert len(changes) == 50
    assert len(set(changes)) > 25


def test_nobody_is_told_where_nobody_watches_and_nothing_is_left_of_a_closed_channel() -> None:
    time = Time()
    tickets, channel = office(time), Recorded("match-42", watched=False)
    tickets.renew(channel)
    time.pass_(100)
    assert channel.published == []
    channel.watched = True
    time.pass_(100)
    assert channel.published
    channel.close()
    time.pass_(100)
    assert len(time.wheel) == 0
