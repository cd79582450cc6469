"""How long a ban lasts, as it is asked for. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from comment_service.refusal import InvalidArgument

MAX_DURATION_S = 10 * 366 * 24 * 3600
_LAST_MS = 253_402_300_799_999  # the last moment of the year 9999
# RFC 3339 with its offset; Python's own parser takes much else.
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)\Z", re.ASCII)


def ban_end_ms(until: str | None, duration_s: int | None, now_ms: int) -> int | None:
    """When a ban ends, in milliseconds since 1970; None: never. ``until``: RFC 3339.

    Raises ``InvalidArgument`` (until, duration_s).
    """
    if until is not None and duration_s is not None:
        raise InvalidArgument("duration_s", "and until are one too many: give either")
    if duration_s is not None:
        if not 1 <= duration_s <= MAX_DURATION_S:
            raise InvalidArgument("duration_s", f"is not a number from 1 to {MAX_DURATION_S}")
        return now_ms + duration_s * 1000
    if until is None:
        return None
    return checked_end_ms(_parse_ms(until), now_ms)


def checked_end_ms(until_ms: int, now_ms: int) -> int:
    """``until_ms``. Raises ``InvalidArgument`` (until) where that has passed or is beyond all calendars."""
    if until_ms <= now_ms:
        raise InvalidArgument("until", "has passed already")
    if until_ms > _LAST_MS:
        raise InvalidArgument("until", "is after the year 9999; leave it out for good")
    return until_ms


def _parse_ms(text: str) -> int:
    wrong = InvalidArgument("until", "is not a time like 2026-11-21T12:00:00Z")
    if not _RFC_3339.match(text):
        raise wrong
    try:
        # Python takes six digits of a second at most.
        moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text.upper()))
        return int(moment.astimezone(UTC).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise wrong from None
