"""Who waits for the store gets everything once, whatever the channel does meanwhile."""

from __future__ import annotations

import asyncio

from prometheus_client import CollectorRegistry

from coordination.ids import first_id_at_ms
from rms.backfill import Backfill
from rms.channel_limits import ChannelLimits
from rms.comment_services import HistoryUnavailableError
from rms.feed import Comment, Feed
from rms.history import History, HistoryPage
from rms.joining import SLICE, Joiner, Joining
from rms.metrics import ServiceMetrics
from rms.reasons import HistoryReason
from tests.support.eventually import eventually
from tests.unit.rms.fake_link import FakeViewer
from tests.unit.rms.sse import parse
from tests.unit.rms.stage import OPENING, Stage, comment, ids

START_MS = 1_800_000_000_000


class Store(History):
    """Gives what it has when it is asked, in a later turn of the loop."""

    def __init__(self, comments: list[Comment]) -> None:
        self.comments = comments
        self.reads = 0
        self.failures = 0
        """Of the next reads, how many fail."""

    async def newest(self, video: str, limit: int = 1000) -> HistoryPage:
        self.reads += 1
        if self.failures:
            self.failures -= 1
            raise HistoryUnavailableError(HistoryReason.UNREACHABLE, "as told")
        page = HistoryPage(self.comments[-limit:], complete=len(self.comments) <= limit)
        await asyncio.sleep(0)
        return page


def comment_id(n: int) -> int:
    return first_id_at_ms(START_MS + 10_000 * n)


class Bench:
    """A video whose ring holds 20 comments and whose store has all. A resume brings the viewer's last once more."""

    def __init__(self) -> None:
        self.stage = Stage(ChannelLimits(max_frames=20), seeded=False)
        self.store = Store([])
        metrics = ServiceMetrics(CollectorRegistry())
        self.joining = Joining(self.store, metrics)
        self.feed = Feed(self.stage.channel, covered_to=0, max_held=10, metrics=metrics, on_hole=lambda feed: None)
        self.feed.open([], complete=True)

    def say(self, numbers: range) -> None:
        for n in numbers:
            self.store.comments.append((comment_id(n), b"hello"))
            self.stage.channel.publish(comment(comment_id(n)))
            self.stage.flush()

    def resume(self, after: int) -> FakeViewer:
        viewer = self.stage.link.viewer()
        self.joining.join(self.feed, Joiner(viewer, OPENING, comment_id(after), 0))
        return viewer


async def test_the_ring_moves_on_past_what_was_read_before_all_have_joined() -> None:
    bench = Bench()
    bench.say(range(50))
    viewers = [bench.resume(after=10) for _ in range(3 * SLICE)]
    await eventually(lambda: viewers[0].received, every_s=0)
    assert not viewers[-1].received
    bench.say(range(50, 90))
    await eventually(lambda: viewers[-1].received, every_s=0)
    bench.say(range(90, 91))

    for viewer in viewers:
        assert ids(viewer) == [comment_id(n) for n in range(10, 91)]
        assert "resync" not in {message.type for message in parse(viewer.received).messages}
    assert bench.store.reads == 2


async def test_what_the_next_flush_brings_comes_with_it() -> None:
    bench = Bench()
    bench.say(range(50))
    viewer = bench.resume(after=10)
    bench.store.comments.append((comment_id(50), b"hello"))
    bench.stage.channel.publish(comment(comment_id(50)))
    await eventually(lambda: viewer.received, every_s=0)
    assert ids(viewer) == [comment_id(n) for n in range(10, 50)]
    bench.stage.flush()
    assert ids(viewer) == [comment_id(n) for n in range(10, 51)]
    await bench.joining.aclose()


async def test_who_gets_from_the_store_what_the_opening_lacks_gets_it_once() -> None:
    """The store fails when the channel opens, and answers the first viewer before it is asked again."""
    stage = Stage(seeded=False)
    store = Store([(comment_id(n), b"hello") for n in range(300)])
    store.failures = 1
    metrics = ServiceMetrics(CollectorRegistry())
    feed = Feed(stage.channel, covered_to=comment_id(299), max_held=10, metrics=metrics, on_hole=lambda feed: None)
    joining, backfill = Joining(store, metrics), Backfill(store, metrics)
    back, new, early = stage.link.viewer(), stage.link.viewer(), stage.link.viewer()

    async def join(feed: Feed) -> None:
        stage.channel.join(early, OPENING)
        stage.channel.publish(comment(comment_id(300)))
        stage.flush()
        joining.join(feed, Joiner(back, OPENING, comment_id(50), 0))
        joining.join(feed, Joiner(new, OPENING, None, 7))

    backfill.begin(feed, join)
    await eventually(lambda: store.reads == 3)
    await eventually(lambda: not feed.incomplete)
    stage.channel.publish(comment(comment_id(301)))
    stage.flush()
    assert ids(back) == [comment_id(n) for n in range(50, 302)]
    assert ids(new) == [comment_id(n) for n in range(294, 302)]
    assert ids(early) == [comment_id(n) for n in (300, *range(200, 300), 301)], "the newest, once"
    await backfill.aclose()
    await joining.aclose()
