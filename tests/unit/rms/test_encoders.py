"""Who is compressed, and who is not when it costs too much."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from rms.compress import SharedHistory
from rms.encoders import MAX_FLUSH_BYTES, EncoderLimits, Encoders
from rms.frames import Frame
from rms.metrics import RmsMetrics
from tests.unit.rms.fake_time import FakeTime

FLUSH = [Frame("comment", 0, b"hello")]


class Stage:
    def __init__(self, **limits: float) -> None:
        self.registry = CollectorRegistry()
        self.time = FakeTime()
        self.cpu_s = 0.0
        self.cost_s = 0.0
        self.encoders = Encoders(
            RmsMetrics(self.registry),
            EncoderLimits(**limits),  # type: ignore[arg-type]
            clock=self.time,
            cpu=self._cpu,
        )

    def _cpu(self) -> float:
        self.cpu_s += self.cost_s
        return self.cpu_s

    def encode(
        self, viewers: int, history: SharedHistory | None = None, flush: list[Frame] = FLUSH
    ) -> SharedHistory | None:
        return self.encoders.encode(history, 0, flush, viewers)

    def uncompressed(self, reason: str) -> float | None:
        return self.registry.get_sample_value("livecomments_rms_gzip_uncompressed_flushes_total", {"reason": reason})


def test_a_channel_is_compressed_from_some_viewers_on_and_until_half_of_them_are_gone() -> None:
    stage = Stage(min_viewers=4)
    assert stage.encode(3) is None
    history = stage.encode(4)
    assert history is not None
    assert stage.encode(2, history) is history
    assert len(stage.encoders) == 1
    assert stage.encode(1, history) is None
    assert len(stage.encoders) == 0
    assert stage.uncompressed("few_viewers") == 2


def test_no_more_channels_than_may_be_are_compressed() -> None:
    stage = Stage(min_viewers=1, max_encoders=2)
    first, second = stage.encode(1), stage.encode(1)
    assert stage.encode(1) is None
    assert stage.uncompressed("encoders_full") == 1
    assert stage.encode(1, second) is second

    stage.encoders.release(first)

    assert stage.encode(1) is not None


def test_a_flush_that_would_hold_up_others_is_not_compressed() -> None:
    stage = Stage(min_viewers=1)
    history = stage.encode(1)
    assert stage.encode(1, history, [Frame("comment", 0, bytes(MAX_FLUSH_BYTES + 1))]) is None
    assert stage.uncompressed("large_flush") == 1


def test_while_it_costs_too_much_only_larger_audiences_are_compressed() -> None:
    stage = Stage(min_viewers=4, cpu_share=0.1)
    stage.cost_s = 0.3
    histories = {viewers: stage.encode(viewers) for viewers in (4, 8, 1000)}
    stage.time.now += 2.0
    small = stage.encode(3, histories[4])
    assert stage.encoders.min_viewers == 8
    assert small is None
    assert stage.uncompressed("few_viewers") == 1
    for _ in range(6):
        stage.time.now += 2.0
        histories[1000] = stage.encode(1000, histories[1000])
    assert stage.encoders.min_viewers == 128
    assert stage.encode(50, histories[8]) is None
    assert stage.uncompressed("cpu") == 1

    stage.cost_s = 0.0
    for _ in range(20):
        stage.time.now += 2.0
        stage.encode(1000, histories[1000])
    assert stage.encoders.min_viewers == 4, "and all are again, once it is cheap"
    assert stage.encode(4) is not None


def test_nobody_is_asked_for_where_nobody_wants_gzip() -> None:
    stage = Stage(min_viewers=1)
    assert stage.encode(0) is None
    assert stage.uncompressed("few_viewers") is None
