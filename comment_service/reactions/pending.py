"""What happened to one video's reactions that its viewers are yet to hear of. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class ReactionNews:
    """What is told at once.

    ``added``: reactions to the video itself that are yet to be counted in the store, by kind. ``video``: the video's
    own totals have changed, ``comments``: those of these comments. ``video_again``, ``again``: told before.
    """

    added: Mapping[str, int] = field(default_factory=dict)
    video: bool = False
    comments: tuple[int, ...] = ()
    video_again: bool = False
    again: tuple[int, ...] = ()


class PendingReactions:
    """News gathers for ``gather_s`` from the first change on.

    What was told is told once more ``confirm_s`` later, from a fresh look at the store. That mends what was lost on
    the way or came out of order; whoever has it takes no notice. Times are seconds of the caller's clock.
    """

    def __init__(self, gather_s: float, confirm_s: float) -> None:
        self._gather_s = gather_s
        self._confirm_s = confirm_s
        self._added: Counter[str] = Counter()
        self._video = False
        self._changed: dict[int, None] = {}
        self._due_at: float | None = None
        self._told: dict[int, float] = {}  # when, the longest ago first
        self._video_told_at: float | None = None
        self._not_before = 0.0
        self.failures = 0
        """In a row."""

    @property
    def new(self) -> bool:
        """There is something that was not told yet."""
        return self._due_at is not None

    @property
    def added(self) -> int:
        """Reactions to the video that are yet to be counted in the store."""
        return self._added.total()

    @property
    def comments(self) -> int:
        """Comments that are remembered here."""
        return len(self._changed) + len(self._told)

    @property
    def due_at(self) -> float | None:
        """When something is to be told next; None where nothing is."""
        due = [] if self._due_at is None else [self._due_at]
        due += [at + self._confirm_s for at in (self._video_told_at, self._longest_told) if at is not None]
        return max(min(due), self._not_before) if due else None

    def count(self, kind: str, number: int, now: float) -> None:
        """So many people reacted to the video."""
        self._added[kind] += number
        self._video = True
        self._gather(now)

    def change(self, comment_id: int, now: float) -> None:
        """The comment's totals have changed in the store."""
        self._changed[comment_id] = None
        self._told.pop(comment_id, None)
        self._gather(now)

    def take(self, now: float) -> ReactionNews:
        """What is due."""
        news = self.take_new() if self._due_at is not None and now >= self._due_at else ReactionNews()
        video_again = self._video_told_at is not None and now >= self._video_told_at + self._confirm_s
        if video_again or news.video:
            self._video_told_at = None
        again: list[int] = []
        while self._longest_told is not None and now >= self._longest_told + self._confirm_s:
            again.append(next(iter(self._told)))
            del self._told[again[-1]]
        return replace(news, video_again=video_again, again=tuple(again))

    def take_new(self) -> ReactionNews:
        """What was not told yet, due or not."""
        news = ReactionNews(dict(self._added), self._video, tuple(self._changed))
        self._added.clear()
        self._video = False
        self._changed.clear()
        self._due_at = None
        return news

    def told(self, news: ReactionNews, now: float) -> None:
        """Viewers hear of it."""
        self.failures = 0
        if news.video:
            self._video_told_at = now
        for comment_id in news.comments:
            if comment_id not in self._changed:
                self._told[comment_id] = now

    def put_back(self, news: ReactionNews, now: float, pause_s: float) -> None:
        """It could not be told; not to be tried again for so long."""
        self.failures += 1
        self._added.update(news.added)
        self._video = self._video or news.video or news.video_again
        self._changed |= dict.fromkeys((*news.comments, *news.again))
        self._due_at = now
        self._not_before = now + pause_s

    @property
    def _longest_told(self) -> float | None:
        return next(iter(self._told.values()), None)

    def _gather(self, now: float) -> None:
        if self._due_at is None:
            self._due_at = now + self._gather_s
