"""Settings of rate limits."""

from __future__ import annotations

from pydantic import Field, field_validator

from comment_service.rates.addresses import PRIVATE_NETWORKS, TrustedProxies
from comment_service.rates.allowance import parse_allowance
from comment_service.rates.rates import Action, Allowances
from service_kit.settings import SharedSettings

_RATES = (
    "rate_posts_per_user",
    "rate_reactions_per_user",
    "rate_reports_per_user",
    "rate_uploads_per_user",
    "rate_posts_per_video",
    "rate_per_address",
)


class RateSettings(SharedSettings):
    """Part of ``CommentServiceSettings``."""

    rate_posts_per_user: str = Field(
        "1200/minute",
        description='Posts and edits of one user: a rate, or several: "1200/minute; 50/second". Empty: no limit.',
    )
    rate_reactions_per_user: str = Field("1200/minute", description="Reactions of one user. Empty: no limit.")
    rate_reports_per_user: str = Field("120/minute", description="Reports of one user. Empty: no limit.")
    rate_uploads_per_user: str = Field("120/minute", description="Images that one user uploads. Empty: no limit.")
    rate_posts_per_video: str = Field(
        "5000/second", description="Posts and edits in one video, all comment services together. Empty: no limit."
    )
    rate_per_address: str = Field(
        "6000/minute",
        description="All of these from one address (IPv6: /64), all comment services together, as Envoy knows it; this "
        "machine's own are not counted. Empty: no limit.",
    )
    rate_keys: int = Field(
        100_000, ge=1_000, le=10_000_000, description="Users, addresses and videos that are counted at a time."
    )
    trusted_proxies: str = Field(
        PRIVATE_NETWORKS,
        description="Networks whose X-Envoy-External-Address and X-Forwarded-For are believed: where Envoy is.",
    )

    @field_validator(*_RATES)
    @classmethod
    def _is_allowance(cls, text: str) -> str:
        parse_allowance(text)
        return text

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, text: str) -> str:
        TrustedProxies(text)
        return text

    @property
    def allowances(self) -> Allowances:
        """What the limits are."""
        return Allowances(
            per_user={
                Action.POST: parse_allowance(self.rate_posts_per_user),
                Action.REACTION: parse_allowance(self.rate_reactions_per_user),
                Action.REPORT: parse_allowance(self.rate_reports_per_user),
                Action.UPLOAD: parse_allowance(self.rate_uploads_per_user),
            },
            per_video=parse_allowance(self.rate_posts_per_video),
            per_address=parse_allowance(self.rate_per_address),
        )
