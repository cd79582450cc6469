"""The form of a ``liveVideoId``."""

from __future__ import annotations

import re

# Not `$`, which would let a trailing newline through.
_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z", re.ASCII)


def is_video_id(text: str) -> bool:
    """True for 1 to 64 of ``A-Z a-z 0-9 _ -``."""
    return _VIDEO_ID.match(text) is not None
