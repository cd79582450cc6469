"""Settings of reading the history."""

from __future__ import annotations

from pydantic import Field

from comment_service.history.page_cache import CacheLimits
from service_kit.settings import SharedSettings


class HistorySettings(SharedSettings):
    """Part of ``CommentServiceSettings``."""

    history_recent_s: float = Field(
        1.0,
        ge=0,
        le=60,
        description="Seconds for which a page of history is kept, and after which what another comment service wrote,"
        " edited or deleted shows here; 0: every page is read from the store.",
    )
    history_settled_s: float = Field(
        20.0,
        ge=0,
        le=3_600,
        description="Seconds for which pages of over a minute ago are kept; reactions and counts of replies of another"
        " comment service show there after that time.",
    )
    history_entries: int = Field(10_000, ge=1, le=10_000_000, description="Pages that are kept.")
    history_bytes: int = Field(64 * 1024 * 1024, ge=0, description="Bytes that those may take.")
    history_public_s: int = Field(
        1,
        ge=0,
        le=86_400,
        description="Seconds for which a CDN or a browser may keep a page of over a minute ago, and show it once more"
        " while it asks again (stale-while-revalidate): for so long it may show what was deleted."
        " Newer pages: 1; 0: no page.",
    )

    @property
    def history_limits(self) -> CacheLimits:
        """Those of the cache."""
        return CacheLimits(self.history_recent_s, self.history_settled_s, self.history_entries, self.history_bytes)
