"""The totals of a video's reactions: merged from all comment services, told to viewers, kept for who comes. Pure."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from rms.frames import REACTIONS, Frame, encode

Totals = Mapping[str, int]
"""kind → how many."""

MAX_TOLD: Final = 100
MAX_TOLD_BYTES: Final = 16 * 1024
"""Comments of one frame, and about its bytes; the rest goes with the next one."""
_MAX_KINDS: Final = 32
_MAX_KIND_CHARS: Final = 32
# Within a string of JSON a quotation mark has a backslash before it, so that only a key can look like this.
_KEY: Final = b'"reactions":{'

_encode = json.JSONEncoder(separators=(",", ":"), sort_keys=True).encode


class TotalsChange(NamedTuple):
    """What one ``reactions`` event says: complete totals of the video and of each comment, {} for none (any more)."""

    video: Totals
    comments: Mapping[int, Totals]


def parse_change(data: bytes) -> TotalsChange:
    """``{"video": {kind: n}, "comments": {commentId: {kind: n}}}``. Raises ``ValueError`` for anything else."""
    try:
        document = json.loads(data)
        comments = {int(comment_id): _totals(totals) for comment_id, totals in document["comments"].items()}
        return TotalsChange(_totals(document["video"]), comments)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no totals of reactions: {error!r}") from None


def restated(frame: Frame, totals: Totals) -> Frame:
    """A comment's frame with these totals in place of its own. One that has no such field stays as it is."""
    before, key, rest = frame.data.partition(_KEY)
    _, end, after = rest.partition(b"}")
    if not end:
        return frame
    return replace(frame, data=before + key + _encode(totals)[1:].encode() + after)


@dataclass(frozen=True, slots=True)
class _Known:
    event_id: int
    totals: Totals


class ReactionTotals:
    """What the channel's viewers are to be told, and the latest totals of ``max_comments`` comments that changed last.

    Totals come from several comment services, by several dispatchers, in any order. Those of a video only grow, so the
    greatest of each kind holds; of a comment those hold that came with the greatest event id (see
    ``comment_service/reactions/announcements.py``). What says nothing new is not told.
    """

    __slots__ = ("_comments", "_max_comments", "_to_tell", "_video", "_video_to_tell")

    def __init__(self, max_comments: int) -> None:
        self._max_comments = max_comments
        self._video: dict[str, int] = {}
        self._video_to_tell = False
        self._comments: OrderedDict[int, _Known] = OrderedDict()  # the one that changed last comes last
        self._to_tell: dict[int, None] = {}

    def __bool__(self) -> bool:
        """There is something to tell."""
        return self._video_to_tell or bool(self._to_tell)

    def of_comment(self, comment_id: int) -> Totals | None:
        """None where they have not changed, or not lately."""
        known = self._comments.get(comment_id)
        return None if known is None else known.totals

    @property
    def of_video(self) -> Frame | None:
        """The video's own totals as a frame; None where there are none."""
        return _frame(self._video, ()) if self._video else None

    def know(self, of_video: Totals) -> None:
        """The video's own totals were these before anybody was told any."""
        self._video = dict(of_video) | self._video

    def merge(self, event_id: int, change: TotalsChange) -> int:
        """Takes in what is newer. Returns of how many comments totals were forgotten before they were told."""
        for kind, number in change.video.items():
            if number > self._video.get(kind, 0):
                self._video[kind] = number
                self._video_to_tell = True
        for comment_id, totals in change.comments.items():
            known = self._comments.get(comment_id)
            if known is not None and known.event_id >= event_id:
                continue
            self._comments[comment_id] = _Known(event_id, totals)
            if known is None or known.totals != totals:
                self._comments.move_to_end(comment_id)
                self._to_tell[comment_id] = None
        forgotten = [self._forget_oldest() for _ in range(len(self._comments) - self._max_comments)]
        return sum(forgotten)

    def take(self) -> tuple[Frame, TotalsChange]:
        """The next frame, and what it says; what waits longest comes first. To be called where there is something."""
        video = self._video if self._video_to_tell else {}
        self._video_to_tell = False
        comments: dict[int, Totals] = {}
        pieces: list[str] = []
        size = 0
        for comment_id in self._to_tell:
            totals = self._comments[comment_id].totals
            piece = f'"{comment_id}":{_encode(totals)}'
            size += len(piece)
            if comments and (size > MAX_TOLD_BYTES or len(comments) == MAX_TOLD):
                break
            comments[comment_id] = totals
            pieces.append(piece)
        for comment_id in comments:
            del self._to_tell[comment_id]
        return _frame(video, pieces), TotalsChange(video, comments)

    def _forget_oldest(self) -> bool:
        comment_id, _ = self._comments.popitem(last=False)
        return self._to_tell.pop(comment_id, self) is None


def _frame(video: Totals, comments: Sequence[str]) -> Frame:
    """``comments``: of each its id and totals, as members of a JSON object."""
    return encode(REACTIONS, f'{{"video":{_encode(video)},"comments":{{{",".join(comments)}}}}}'.encode())


def _totals(value: dict[str, int]) -> Totals:
    well_formed = len(value) <= _MAX_KINDS and all(
        type(number) is int and number >= 0 and len(kind) <= _MAX_KIND_CHARS for kind, number in value.items()
    )
    if not well_formed:
        raise ValueError("no totals of reactions: a kind or a number that cannot be")
    return value
