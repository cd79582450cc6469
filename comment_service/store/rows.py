"""What both stores write in the same way. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from comment_service.comment import Media
from comment_service.moderation.records import AuditEntry

# The largest integer of either; a cursor may be any unsigned 64-bit number, and no id is above this one.
MAX_ID = 2**63 - 1


def media_text(media: Sequence[Media]) -> str:
    if not media:  # most have none
        return "[]"
    return json.dumps([[each.media_id, each.content_type, each.width, each.height] for each in media])


def media_of(text: str) -> tuple[Media, ...]:
    return tuple(Media(*item) for item in json.loads(text))


def audit_row(entry: AuditEntry) -> tuple[Any, ...]:
    """``entry_id, moderator_id, action, subject, detail``."""
    detail = json.dumps(dict(entry.detail), ensure_ascii=False)
    return entry.entry_id, entry.moderator_id, entry.action, entry.subject, detail


def audit_entry(row: Sequence[Any]) -> AuditEntry:
    """Of such a row."""
    return replace(AuditEntry(*row[:-1]), detail=json.loads(row[-1]))
