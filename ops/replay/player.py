"""Posts a recorded chat with its own timing."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable

from ops.client.errors import ApiError, ClientError
from ops.client.poster import Poster
from ops.replay.recording import RecordedComment, Recording

MAX_CONCURRENT_POSTS = 64
REMEMBERED_LATENCIES = 200_000
# What the server may say to one comment while the next one is welcome.
PASSING_STATUSES = frozenset({400, 408, 413, 429, 500, 502, 503, 504})


class PlayerStats:
    """What became of the comments.

    Attributes:
        posted: answered with 201.
        refused: how many failed, by status, or ``unreachable``.
        latest_s: the longest that a comment was sent after its time, because too many posts were under way.
    """

    def __init__(self) -> None:
        self.posted = 0
        self.refused: Counter[str] = Counter()
        self.latest_s = 0.0
        self._latencies_ms: deque[float] = deque(maxlen=REMEMBERED_LATENCIES)

    @property
    def done(self) -> int:
        return self.posted + self.refused.total()

    def add_post(self, latency_ms: float) -> None:
        self.posted += 1
        self._latencies_ms.append(latency_ms)

    def latency_ms(self, percentile: float) -> float | None:
        """Of the posts that were stored (the last 200,000); None where there are none."""
        if not self._latencies_ms:
            return None
        ordered = sorted(self._latencies_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percentile / 100))]


class Player:
    """Posts comments, each by its author.

    Args:
        poster: posts to the video that they are for.
        token_of: the token of an author.
        speed: 2.0 plays twice as fast as it was.
        stats: counted on, over several plays.
        on_progress: called after each comment.
    """

    def __init__(
        self,
        poster: Poster,
        token_of: Callable[[str], Awaitable[str]],
        *,
        speed: float = 1.0,
        stats: PlayerStats | None = None,
        on_progress: Callable[[], None] = lambda: None,
    ) -> None:
        self.stats = stats or PlayerStats()
        self._poster = poster
        self._token_of = token_of
        self._speed = speed
        self._on_progress = on_progress
        self._slots = asyncio.Semaphore(MAX_CONCURRENT_POSTS)
        self._hopeless: ClientError | None = None

    async def play(self, recording: Recording) -> None:
        """Plays it once.

        Raises ``ClientError`` where not one comment could be posted and the reason will not pass by itself (no
        server there, a wrong token, an ended video); later failures are counted.
        """
        loop = asyncio.get_running_loop()
        started = loop.time() - recording.comments[0].offset_s / self._speed
        async with asyncio.TaskGroup() as posts:
            for comment in recording.comments:
                due = started + comment.offset_s / self._speed
                await asyncio.sleep(due - loop.time())
                await self._slots.acquire()
                if self._hopeless is not None:
                    break
                self.stats.latest_s = max(self.stats.latest_s, loop.time() - due)
                posts.create_task(self._post(comment))
        if self._hopeless is not None:
            raise self._hopeless

    async def _post(self, comment: RecordedComment) -> None:
        begun = time.perf_counter()
        try:
            token = await self._token_of(comment.author)
            await self._poster.post(comment.text, token=token)
            self.stats.add_post((time.perf_counter() - begun) * 1000)
        except ClientError as error:
            passing = isinstance(error, ApiError) and error.status in PASSING_STATUSES
            self.stats.refused[str(error.status) if isinstance(error, ApiError) else "unreachable"] += 1
            if self.stats.posted == 0 and not passing:
                self._hopeless = error
        finally:
            self._slots.release()
            self._on_progress()
