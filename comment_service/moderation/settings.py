"""Settings of moderation."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from service_kit.settings import SharedSettings


class ModerationSettings(SharedSettings):
    """Part of ``CommentServiceSettings``."""

    blocked_words: str = Field("", description="Words and phrases that no comment may have, separated by commas.")
    blocked_words_file: Path | None = Field(
        None, description="More of them: UTF-8, one a line, # begins a comment; read again when it changes."
    )
    ban_cache_s: float = Field(
        1.0,
        ge=0,
        le=60,
        description="Every so many seconds the store is asked whose bans have changed; a ban made at another comment "
        "service is in force here after that time.",
    )
    ban_cache: int = Field(10_000, ge=1, le=10_000_000, description="Users whose bans are remembered.")
    slow_mode_users: int = Field(
        100_000,
        ge=1,
        le=10_000_000,
        description="Users in slow mode whose last comment's time is remembered.",
    )
