"""Viewers that come back when their stream ends, as browsers do, and forget nothing in between."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType

from tests.support.eventually import eventually
from tests.support.viewers import Received, Viewer

# A browser waits for seconds; a node that is just going away may be met again before Envoy knows.
_BEFORE_RETURNING_S = 0.1


class ReturningViewer:
    """Watches one video for as long as the test lasts, each time from where it was."""

    def __init__(self, url: str, video: str) -> None:
        self._url = url
        self._video = video
        self._streams: list[_Stream] = []

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
    def returns(self) -> int:
        return max(0, len(self._streams) - 1)

    async def watch(self, opened: asyncio.Event) -> None:
        """Until it is cancelled; ``opened`` says when the first stream has begun."""
        try:
            while True:
                ids = self.ids
                headers = {"Last-Event-ID": str(ids[-1])} if ids else {}
                stream = _Stream(self._url, self._video, headers=headers)
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

    async def have(self, posted: Sequence[int], *, timeout_s: float = 30.0) -> None:
        """Waits until every viewer has the last comment, and checks that it has every one before.

        In order within a delivery is what is promised: what another node mends may come late, and what it cannot give
        it tells of (`resync`).
        """
        await eventually(
            lambda: all(viewer.last_id == posted[-1] for viewer in self.viewers),
            timeout_s=timeout_s,
            what="the last comment",
        )
        for viewer in self.viewers:
            told = [int(event.json()["after"]) for event in viewer.events if event.event == "resync"]
            missing = {each for each in set(posted) - set(viewer.ids) if not told or each <= min(told)}
            assert not missing, f"{len(missing)} of {len(posted)} comments, the first {min(missing)}, told {told}"

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


class _Stream(Viewer):
    def __init__(self, url: str, video: str, *, headers: dict[str, str]) -> None:
        super().__init__(url, video, headers=headers)
        self.ended = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.ended.set()
