"""Viewers that come back when their stream ends, as browsers do, and forget nothing in between."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Mapping, Sequence
from types import TracebackType

from tests.support.eventually import eventually
from tests.support.viewers import Received, Viewer

# A browser waits for seconds; a node that is just going away may be met again before Envoy knows.
_BEFORE_RETURNING_S = 0.1
REPLAYED = 1_000
"""Comments that a resume brings at least, where so many were missed."""


class ReturningViewer:
    """Watches one video for as long as the test lasts, each time from where it was."""

    def __init__(self, url: str, video: str) -> None:
        self._url = url
        self._video = video
        self._streams: list[ReturningStream] = []

    @property
    def events(self) -> list[Received]:
        """What all its streams brought."""
        return [event for stream in self._streams for event in stream.events]

    @property
    def ids(self) -> list[int]:
        """The comments in the order in which they came, those that came again left out, as a page does."""
        return list(dict.fromkeys(comment_id for stream in self._streams for comment_id in stream.ids))

    @property
    def last_id(self) -> int:
        """Of the last comment; 0 before the first."""
        newest_first = (event for stream in reversed(self._streams) for event in reversed(stream.events))
        return next((event.id for event in newest_first if event.id), 0)

    @property
    def streams(self) -> Sequence[ReturningStream]:
        """All that it has had, the present one last."""
        return self._streams

    @property
    def story(self) -> str:
        """Of each of its streams: where it came in, what it was told, and what it brought."""
        return "; ".join(
            f"after {stream.resumed_after}: {[resync.data for resync in stream.resyncs]}, "
            f"{len(stream.ids)} comments {stream.ids[:1]} to {stream.ids[-1:]}"
            for stream in self._streams
        )

    def have(self, stored: Sequence[int]) -> set[int]:
        """The comments that it has, with those of ``stored``, the history, that a ``resync`` sent it to."""
        return set(self.ids).union(*(stream.read_by_rest(stored) for stream in self._streams))

    @property
    def returns(self) -> int:
        return max(0, len(self._streams) - 1)

    async def watch(self, opened: asyncio.Event) -> None:
        """Until it is cancelled; ``opened`` says when the first stream has begun."""
        try:
            while True:
                stream = ReturningStream(self._url, self._video, resumed_after=self.last_id)
                await stream.open()
                self._streams.append(stream)
                opened.set()
                await stream.ended.wait()
                await asyncio.sleep(_BEFORE_RETURNING_S)
        finally:
            self.lose_patience()

    def lose_patience(self) -> None:
        """Breaks its stream off, as a browser's page does that has heard nothing for too long."""
        if self._streams:
            self._streams[-1].close()


class ReturningAudience:
    """Many of them, all of whose first streams have begun inside the block."""

    def __init__(self, url: str, video: str, count: int) -> None:
        self.viewers = [ReturningViewer(url, video) for _ in range(count)]
        self._tasks: list[asyncio.Task[None]] = []

    async def have_returned(self, times: int = 1) -> None:
        """Waits until every viewer has lost its stream so many times and begun another."""
        await eventually(
            lambda: all(viewer.returns >= times for viewer in self.viewers), timeout_s=20, what=f"{times} returns each"
        )

    async def have(self, posted: Mapping[int, float], stored: Sequence[int], *, timeout_s: float = 30.0) -> None:
        """Waits until every viewer has what was ``posted`` (id → when it was sent, in order), and checks that it has
        nothing else, and each of its streams in order.

        What a stream told of by ``resync`` is read from history (``stored``), as clients do, but no more: only up to
        the comment that followed it there. None is told to resync for what a resume can replay.
        """
        wanted = list(posted)

        def lacking() -> dict[int, list[int]]:
            """Which viewers lack which comments."""
            missing = [sorted(set(wanted) - viewer.have(stored)) for viewer in self.viewers]
            return {number: ids for number, ids in enumerate(missing) if ids}

        with contextlib.suppress(AssertionError):  # the one below says more
            await eventually(lambda: not lacking(), timeout_s=timeout_s, every_s=0.2)
        lack = {number: (len(ids), ids[0], self.viewers[number].story) for number, ids in lacking().items()}
        assert not lack, f"of {len(wanted)} comments {len(lack)} viewers lack, as the first: {next(iter(lack.items()))}"
        for viewer in self.viewers:
            assert viewer.have(stored) == set(wanted)
            for stream in viewer.streams:
                assert len(set(stream.ids)) == len(stream.ids), f"twice on one stream: {viewer.story}"
                assert not stream.came_late, f"{len(stream.came_late)} came after newer ones: {viewer.story}"
                for resync in stream.resyncs:
                    missed = [each for each, at in posted.items() if each > stream.resumed_after and at < resync.at]
                    assert len(missed) > REPLAYED, f"{resync.data!r} for {len(missed)} comments"

    async def __aenter__(self) -> ReturningAudience:
        opened = [asyncio.Event() for _ in self.viewers]
        self._tasks = [
            asyncio.create_task(viewer.watch(event)) for viewer, event in zip(self.viewers, opened, strict=True)
        ]
        async with asyncio.timeout(20):
            await asyncio.gather(*(event.wait() for event in opened))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class ReturningStream(Viewer):
    """One stream of such a viewer, that begins after the comment ``resumed_after``; 0: with the newest."""

    def __init__(self, url: str, video: str, *, resumed_after: int) -> None:
        super().__init__(url, video, headers={"Last-Event-ID": str(resumed_after)} if resumed_after else {})
        self.resumed_after = resumed_after
        self.ended = asyncio.Event()

    @property
    def resyncs(self) -> list[Received]:
        """What it was told that it misses."""
        return [event for event in self.events if event.event == "resync"]

    @property
    def came_late(self) -> list[int]:
        """The comments that came after newer ones."""
        newest = itertools.accumulate(self.ids, max)
        return [each for each, greatest in zip(self.ids, newest, strict=True) if each < greatest]

    def read_by_rest(self, stored: Sequence[int]) -> set[int]:
        """What ``stored`` has of that: each time from the told cursor up to the comment that follows here."""
        found: set[int] = set()
        for number, event in enumerate(self.events):
            if event.event == "resync":
                following = (later.id for later in self.events[number:] if later.event == "comment")
                until, after = next(following, 0), int(event.json()["after"])
                found.update(each for each in stored if after < each < until)
        return found

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.ended.set()
