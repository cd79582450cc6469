"""A comment's JSON, byte for byte as the comment service publishes it. Pure."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

    from livecomments.v1 import comment_service_pb2

# One encoder for all: `json.dumps` with options builds a new one each time, a third of the whole cost.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def comment_json(comment: comment_service_pb2.Comment) -> bytes:
    """The comment object of the HTTP API and of the stream's ``data:`` field, compact UTF-8 without line ends."""
    document: dict[str, object] = {
        "commentId": str(comment.comment_id),
        "liveVideoId": comment.live_video_id,
        "authorId": comment.author_id,
        "authorName": comment.author_name,
        "content": comment.content,
        "createdAt": _iso(comment.created_at),
        "replyTo": str(comment.reply_to) if comment.HasField("reply_to") else None,
        "media": [
            {"mediaId": m.media_id, "contentType": m.content_type, "width": m.width, "height": m.height}
            for m in comment.media
        ],
        "reactions": dict(sorted(comment.reactions.items())),
        "editedAt": _iso(comment.edited_at) if comment.HasField("edited_at") else None,
    }
    if comment.reply_count:
        document["replyCount"] = comment.reply_count
    return _encode(document).encode()


def _iso(timestamp: Timestamp) -> str:
    """RFC 3339 in UTC with milliseconds, e.g. ``2026-11-21T12:00:00.123Z``."""
    whole = datetime.fromtimestamp(timestamp.seconds, UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{timestamp.nanos // 1_000_000:03d}Z"
