"""A channel with all that it needs, on a clock that the test moves."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from rms import frames
from rms.channel import Channel
from rms.channel_limits import ChannelLimits
from rms.frames import Frame
from rms.metrics import RmsMetrics
from rms.pump import Pump
from rms.reasons import CloseReason
from rms.viewer import Viewer
from rms.wheel import Wheel
from tests.unit.rms.fake_link import ENDLESS, FakeLink, FakeViewer
from tests.unit.rms.fake_time import FakeTime
from tests.unit.rms.sse import parse

OPENING = frames.opening(1000)


def comment(event_id: int, text: str = "hello") -> Frame:
    return frames.encode(frames.COMMENT, text.encode(), event_id)


def ids(viewer: FakeViewer) -> list[int]:
    return [int(message.last_event_id) for message in parse(viewer.received).messages if message.type == "comment"]


class Stage:
    """A channel with all that it needs, on a clock that the test moves."""

    def __init__(self, limits: ChannelLimits | None = None, *, seeded: bool = True) -> None:
        self.time = FakeTime()
        self.pump = Pump(loop=self.time)
        self.wheel = Wheel(slot_s=1.0)
        self.registry = CollectorRegistry()
        self.link = FakeLink()
        self.gone: list[tuple[Viewer, CloseReason]] = []
        self.channel = Channel(
            "match-42",
            pump=self.pump,
            wheel=self.wheel,
            metrics=RmsMetrics(self.registry),
            limits=limits,
            on_detach=lambda viewer, reason: self.gone.append((viewer, reason)),
            clock=self.time,
        )
        if seeded:
            self.channel.seed(())

    def join(self, backlog: int = 0, room: int = ENDLESS, *, gzip: bool = False) -> FakeViewer:
        viewer = self.link.viewer(room)
        self.channel.join(viewer, OPENING, backlog=backlog, gzip=gzip)
        return viewer

    def flush(self) -> None:
        self.time.run_until(self.time.now + 0.1)

    def seconds_pass(self, seconds: int) -> None:
        for _ in range(seconds):
            self.time.now += 1
            self.wheel.advance()
            self.flush()

    def metric(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"livecomments_rms_{name}", labels)
