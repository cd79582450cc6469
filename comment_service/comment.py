"""A comment, and its JSON as the HTTP API and the live stream show it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from coordination.ids import id_time_ms

_UNIX_EPOCH = datetime(1970, 1, 1)
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_quoted = json.encoder.encode_basestring


@dataclass(frozen=True, slots=True)
class Media:
    """An image that a comment shows; ``width`` and ``height`` in pixels."""

    media_id: str
    content_type: str
    width: int
    height: int

    def document(self) -> dict[str, object]:
        """As the HTTP API shows it."""
        return {
            "mediaId": self.media_id,
            "contentType": self.content_type,
            "width": self.width,
            "height": self.height,
        }


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment as it is stored. ``comment_id`` carries the time it was made, so no other field does.

    ``reply_to`` is the first comment of the thread that this one belongs to; ``reply_count`` how many this one began.
    ``reactions``: kind → how many users.
    """

    comment_id: int
    live_video_id: str
    author_id: str
    author_name: str
    content: str
    reply_to: int | None = None
    edited_at_ms: int | None = None
    media: tuple[Media, ...] = ()
    reactions: Mapping[str, int] = field(default_factory=dict)
    reply_count: int = 0

    @property
    def created_at_ms(self) -> int:
        """Milliseconds since 1970."""
        return id_time_ms(self.comment_id)

    def to_json(self) -> bytes:
        """UTF-8 on one line: the body of an answer and the ``data:`` of a ``comment`` event."""
        # Piece by piece, which takes half the time: a page has many, and every post has one.
        reply_to = "null" if self.reply_to is None else f'"{self.reply_to}"'
        media = _encode([media.document() for media in self.media]) if self.media else "[]"
        reactions = _encode(dict(sorted(self.reactions.items()))) if self.reactions else "{}"
        edited_at = "null" if self.edited_at_ms is None else f'"{iso_time(self.edited_at_ms)}"'
        reply_count = f',"replyCount":{self.reply_count}' if self.reply_count else ""
        return (
            f'{{"commentId":"{self.comment_id}","liveVideoId":{_quoted(self.live_video_id)},'
            f'"authorId":{_quoted(self.author_id)},"authorName":{_quoted(self.author_name)},'
            f'"content":{_quoted(self.content)},"createdAt":"{iso_time(self.created_at_ms)}",'
            f'"replyTo":{reply_to},"media":{media},"reactions":{reactions},"editedAt":{edited_at}{reply_count}}}'
        ).encode()


OnWrite = Callable[[Comment], None]


def nobody(_comment: Comment) -> None:
    """Hears of what is written where nobody wants to."""


def iso_time(ms: int) -> str:
    """``1732190400123`` (milliseconds since 1970) → ``2024-11-21T12:00:00.123Z``."""
    seconds, rest = divmod(ms, 1000)
    return f"{_iso_second(seconds)}.{rest:03}Z"


@lru_cache(1_000)
def _iso_second(seconds: int) -> str:
    # Of what is posted now, and of what stands on one page, many share their second.
    return (_UNIX_EPOCH + timedelta(seconds=seconds)).isoformat()
