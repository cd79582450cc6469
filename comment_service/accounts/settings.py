"""Settings of accounts."""

from __future__ import annotations

from pydantic import Field

from comment_service.accounts.attempts import AttemptLimits
from comment_service.accounts.passwords import PasswordCost
from service_kit.settings import SharedSettings


class AccountSettings(SharedSettings):
    """Part of ``CommentServiceSettings``."""

    accounts: bool = Field(
        True,
        description="Whether people can register and log in here; never with an outside issuer's key. To be turned off "
        "where the platform signs its users' tokens itself, with the secret.",
    )
    account_token_lifetime_s: int = Field(
        86_400,
        ge=60,
        le=31_536_000,
        description="Seconds that a log-in's token lives, and the roles that are in it.",
    )
    cookie_secure: bool = Field(
        False,
        description="The cookie of a log-in is for TLS alone, whatever the edge says; by default where the log-in came "
        "over TLS. For a proxy before Envoy that ends TLS.",
    )
    password_memory_kib: int = Field(
        19 * 1024, ge=8, le=4 * 1024 * 1024, description="KiB of memory that hashing a password takes (argon2id's m)."
    )
    password_passes: int = Field(2, ge=1, le=100, description="Passes over that memory (argon2id's t).")
    password_lanes: int = Field(1, ge=1, le=64, description="Lanes of it (argon2id's p).")
    password_threads: int = Field(2, ge=1, le=64, description="Passwords that are hashed at a time.")
    password_queue: int = Field(
        64, ge=0, le=10_000, description="Passwords that may wait for their turn; beyond that log-ins get 503."
    )
    login_attempts_per_username: int = Field(
        10, ge=1, le=1_000_000, description="Log-ins of one username that may fail in the window; beyond that 429."
    )
    login_attempts_per_address: int = Field(
        100, ge=1, le=1_000_000, description="Log-ins from one address (IPv6: /64) that may fail in the window."
    )
    login_window_s: int = Field(900, ge=1, le=86_400, description="Seconds of that window.")
    registrations_per_address: int = Field(
        100, ge=1, le=1_000_000, description="Registrations from one address (IPv6: /64) in an hour."
    )
    login_keys: int = Field(
        100_000, ge=1_000, le=10_000_000, description="Usernames and addresses whose attempts are counted."
    )

    @property
    def password_cost(self) -> PasswordCost:
        """argon2id's parameters."""
        return PasswordCost(self.password_memory_kib, self.password_passes, self.password_lanes)

    @property
    def attempt_limits(self) -> AttemptLimits:
        """How often somebody may try."""
        return AttemptLimits(
            logins_per_username=self.login_attempts_per_username,
            logins_per_address=self.login_attempts_per_address,
            login_window_s=self.login_window_s,
            registrations_per_address=self.registrations_per_address,
            keys=self.login_keys,
        )
